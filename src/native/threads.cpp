#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace faltung {
namespace {

constexpr auto poll_interval = std::chrono::milliseconds(50);

struct Shared {
    std::atomic<std::ptrdiff_t> next{0};
    std::atomic<bool> stop{false};
    std::mutex failure_lock;
    std::exception_ptr failure;

    void fail() {
        const std::lock_guard guard(failure_lock);
        if (!failure) failure = std::current_exception();
        stop = true;
    }
};

template <class Poll>
void work(Shared& shared, std::ptrdiff_t count, int worker, const Task& task, Poll poll) {
    try {
        while (!shared.stop.load(std::memory_order_relaxed)) {
            const std::ptrdiff_t index = shared.next.fetch_add(1, std::memory_order_relaxed);
            if (index >= count) return;
            task(index, worker);
            poll();
        }
    } catch (...) {
        shared.fail();
    }
}

}  // namespace

bool parallel_for(std::ptrdiff_t count, int threads, const Task& task, const Interrupted& interrupted) {
    if (count == 1) {  // most small calls: nothing to share, and reading a clock would take longer
        task(0, 0);
        return true;
    }
    Shared shared;
    const auto workers = static_cast<int>(std::clamp<std::ptrdiff_t>(count, 1, std::max(threads, 1)));
    std::vector<std::thread> others;
    others.reserve(static_cast<std::size_t>(workers) - 1);
    for (int worker = 1; worker < workers; ++worker) {
        try {
            others.emplace_back([&, worker] { work(shared, count, worker, task, [] {}); });
        } catch (...) {
            break;  // no thread or no memory for one is to be had: the others do the work
        }
    }
    bool was_interrupted = false;
    auto last = std::chrono::steady_clock::now();
    work(shared, count, 0, task, [&] {
        const auto now = std::chrono::steady_clock::now();
        if (now - last < poll_interval) return;
        last = now;
        if (interrupted()) shared.stop = was_interrupted = true;
    });
    for (auto& other : others) other.join();
    if (shared.failure) std::rethrow_exception(shared.failure);
    return !was_interrupted;
}

}  // namespace faltung

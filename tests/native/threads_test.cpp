// Fork-join: every task once, exceptions handed on, interruption noticed.
#include "threads.hpp"

#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"

namespace {

bool never() { return false; }

void every_task_runs_once(int threads) {
    std::vector<int> runs(20000, 0);
    std::vector<long> by_worker(static_cast<std::size_t>(threads), 0);
    const bool finished = faltung::parallel_for(
        20000, threads,
        [&](std::ptrdiff_t index, int worker) {
            ++runs[static_cast<std::size_t>(index)];
            ++by_worker[static_cast<std::size_t>(worker)];
        },
        never);
    bool once = finished;
    for (const int count : runs) once = once && count == 1;
    long all = 0;
    for (const long count : by_worker) all += count;
    check(once && all == 20000, "every task runs once on " + std::to_string(threads) + " threads");
}

template <class Exception>
void exceptions_arrive(int threads) {
    bool caught = false;
    std::atomic<int> started{0};
    try {
        static_cast<void>(faltung::parallel_for(
            1000, threads,
            [&](std::ptrdiff_t index, int) {
                ++started;
                if (index == 7) throw Exception();
            },
            never));
    } catch (const Exception&) {
        caught = true;
    }
    check(caught && started >= 8, "an exception arrives from " + std::to_string(threads) + " threads");
}

struct Broken : std::runtime_error {
    Broken() : std::runtime_error("broken") {}
};

void interruption_stops(int threads) {
    std::atomic<int> done{0};
    const bool finished = faltung::parallel_for(
        1 << 20, threads,
        [&](std::ptrdiff_t, int) {
            ++done;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        },
        [] { return true; });
    check(!finished && done < 10000, "an interruption stops " + std::to_string(threads) + " threads");
}

void nothing_to_do() {
    bool ran = false;
    check(faltung::parallel_for(
              0, 4, [&](std::ptrdiff_t, int) { ran = true; }, never) &&
              !ran,
          "no task, no call");
}

}  // namespace

int main() {
    for (const int threads : {1, 2, 3, 8}) {
        for (int repeat = 0; repeat < 20; ++repeat) every_task_runs_once(threads);
        exceptions_arrive<Broken>(threads);
        exceptions_arrive<std::bad_alloc>(threads);
        interruption_stops(threads);
    }
    nothing_to_do();
    return report();
}

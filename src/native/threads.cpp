#include "threads.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace faltung {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto poll_interval = std::chrono::milliseconds(50);
// Waking a thread that sleeps takes tens of microseconds, as long as a small call: for so long threads
// look for the next one, or for the last helper to leave, before they sleep.
constexpr auto awake = std::chrono::microseconds(100);

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Until `done()`, or not much longer than `awake`.
template <class Done>
void look_for(const Done& done) {
    for (const auto end = Clock::now() + awake; Clock::now() < end;)
        for (int i = 0; i < 16; ++i) {
            if (done()) return;
            pause();
        }
}

// What this thread calls while it is at work in a call, it does alone.
thread_local bool at_work = false;

class AtWork {
public:
    AtWork() { at_work = true; }
    ~AtWork() { at_work = before_; }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;

private:
    const bool before_ = at_work;
};

// The processor that this thread runs on; -1 where there is no asking.
int processor() {
#ifdef __linux__
    return sched_getcpu();
#else
    return -1;
#endif
}

// Moves this thread to another processor of those that it may use. A scheduler may wake a helper where
// its caller runs, and leave both there for many calls.
void leave([[maybe_unused]] int processor) {
#ifdef __linux__
    cpu_set_t allowed;
    if (processor < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    cpu_set_t others = allowed;
    CPU_CLR(static_cast<std::size_t>(processor), &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
    sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

// One call, on its caller's stack: what the threads share that work on it.
struct Job {
    Job(std::ptrdiff_t tasks, const Task& call, int others) : count(tasks), task(call), last(tasks), wanted(others) {}

    template <class Poll>
    void work(int worker, Poll poll) noexcept {
        const AtWork here;
        try {
            while (!stop.load(std::memory_order_relaxed)) {
                if (taken.fetch_add(1, std::memory_order_relaxed) >= count) return;
                task(worker == 0 ? first++ : --last, worker);
                poll();
            }
        } catch (...) {
            fail();
        }
    }

    void fail() noexcept {
        if (!failed.exchange(true)) failure = std::current_exception();
        stop = true;
    }

    const std::ptrdiff_t count;
    const Task& task;
    std::atomic<std::ptrdiff_t> taken{0};
    // The caller begins at the front, helpers begin at the end: in the next call like this one, each
    // finds most of what it reads in the cache that is its own.
    std::ptrdiff_t first = 0;
    std::atomic<std::ptrdiff_t> last;
    std::atomic<bool> stop{false}, failed{false};
    std::exception_ptr failure;

    // The pool's, under its lock.
    const int wanted;
    int joined = 0;
    std::atomic<int> inside{0};  // read without the lock, too
    Job* after = nullptr;
    std::condition_variable left;
};

// How often fork() led here, from the process that loaded this: it changes in the child alone.
std::atomic<int> forks{0};

class Pool {
public:
    // Lets threads that sleep help with a job; starts those that there never were.
    void offer(Job& job) {
        int helpers = 0;
        {
            const std::lock_guard guard(lock_);
            while (threads_ < job.wanted && start()) ++threads_;
            helpers = std::min(job.wanted, threads_);
            Job** last = &open_;
            while (*last != nullptr) last = &(*last)->after;
            *last = &job;
            offers_ = true;
            callers_processor_ = processor();
        }
        for (int i = 0; i < helpers; ++i) offered_.notify_one();
    }

    // Lets no further thread join; true if all that did have left, or do within the interval.
    bool close(Job& job, Clock::duration interval) {
        std::unique_lock guard(lock_);
        withdraw(job);
        if (stays_awake() && (job.inside > 0 || job.joined == 0)) {
            guard.unlock();
            if (job.joined == 0) std::this_thread::yield();  // to a helper that was woken here, and waits to leave
            look_for([&] { return job.inside == 0; });
            guard.lock();
        }
        return job.left.wait_for(guard, interval, [&] { return job.inside == 0; });
    }

private:
    void withdraw(const Job& job) {
        for (Job** at = &open_; *at != nullptr; at = &(*at)->after)
            if (*at == &job) {
                *at = job.after;
                break;
            }
        offers_ = open_ != nullptr;
    }

    // Where each of these threads can have a processor, looking takes none from the others.
    [[nodiscard]] bool stays_awake() const { return threads_ < processors_; }

    bool start() {
        // The process's signals are for threads that know of them; faults are the thread's own.
        sigset_t blocked, before;
        sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&blocked, fault);
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        bool started = true;
        try {
            std::thread([this] { help(); }).detach();
        } catch (...) {
            started = false;  // no thread or no memory for one is to be had: the others do the work
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return started;
    }

    [[noreturn]] void help() {
        std::unique_lock guard(lock_);
        for (;;) {
            if (open_ == nullptr) await(guard);
            if (open_ == nullptr) continue;
            Job& job = *open_;
            ++job.inside;
            const int worker = ++job.joined;
            if (worker == job.wanted) withdraw(job);
            guard.unlock();
            job.work(worker, [] {});
            guard.lock();
            withdraw(job);  // nothing is left to take
            if (--job.inside == 0) job.left.notify_one();
        }
    }

    // A while with open eyes, then asleep until an offer, which may be over by then.
    void await(std::unique_lock<std::mutex>& guard) {
        if (stays_awake()) {
            guard.unlock();
            look_for([&] { return offers_.load(); });
            guard.lock();
            if (open_ != nullptr) return;
        }
        offered_.wait(guard);
        if (processor() == callers_processor_ && stays_awake()) {
            guard.unlock();
            leave(callers_processor_);
            guard.lock();
        }
    }

    std::mutex lock_;
    std::condition_variable offered_;
    Job* open_ = nullptr;  // a chain, the oldest first
    std::atomic<bool> offers_{false};  // whether it holds any, for those that look without the lock
    int threads_ = 0;
    std::atomic<int> callers_processor_{-1};  // of the latest call
    const int processors_ = static_cast<int>(std::thread::hardware_concurrency());
};

// Never destroyed, since threads sleep in it while the process ends. A child of fork() has none of
// them, and perhaps a lock that nobody will open: it makes the pool anew, where the old one was.
union Forever {
    Forever() : pool() { pthread_atfork(nullptr, nullptr, renew); }
    ~Forever() {}
    static void renew();
    Pool pool;
};

Forever forever;

void Forever::renew() {
    std::construct_at(&forever.pool);
    ++forks;
}

// Asks on the calling thread whether to stop, now and then.
class Poll {
public:
    Poll(const Interrupted& interrupted, Job& job) : interrupted_(interrupted), job_(job) {}

    void operator()() noexcept {
        const auto now = Clock::now();
        if (now - last_ < poll_interval) return;
        last_ = now;
        try {
            if (!was_interrupted_ && interrupted_()) job_.stop = was_interrupted_ = true;
        } catch (...) {
            job_.fail();
        }
    }
    [[nodiscard]] bool was_interrupted() const { return was_interrupted_; }

private:
    const Interrupted& interrupted_;
    Job& job_;
    Clock::time_point last_ = Clock::now();
    bool was_interrupted_ = false;
};

// Until the last has left, or this process turns out to be a child that a signal's handler forked:
// its helpers went on in the parent, with tasks of this call.
void wait_for_helpers(Job& job, Poll& poll, int forks_before) {
    while (forks == forks_before && !forever.pool.close(job, poll_interval)) poll();
    if (forks != forks_before) throw std::runtime_error("the process forked in the middle of a native call");
}

}  // namespace

bool parallel_for(std::ptrdiff_t count, int threads, const Task& task, const Interrupted& interrupted) {
    if (count == 1) {  // most small calls: nothing to share, and reading a clock would take longer
        task(0, 0);
        return true;
    }
    const auto others = at_work ? 0 : static_cast<int>(std::clamp<std::ptrdiff_t>(count, 1, std::max(threads, 1))) - 1;
    const int forks_before = forks;
    Job job(count, task, others);
    Poll poll(interrupted, job);
    if (others > 0) forever.pool.offer(job);
    job.work(0, [&] { poll(); });
    if (others > 0) wait_for_helpers(job, poll, forks_before);
    if (job.failure) std::rethrow_exception(job.failure);
    return !poll.was_interrupted();
}

}  // namespace faltung

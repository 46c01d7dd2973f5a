// Fork-join: every task once, exceptions handed on, interruption noticed; several callers, calls
// within calls, children of fork().
#include "threads.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"

namespace {

// The thread sanitizer does not let the child of a process with threads start any.
#if defined(__SANITIZE_THREAD__)
constexpr int threads_of_children = 1;
#else
constexpr int threads_of_children = 3;
#endif

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

// Whether `count` tasks run once each.
bool adds_up(std::ptrdiff_t count, int threads) {
    std::vector<std::ptrdiff_t> sums(static_cast<std::size_t>(threads), 0);
    const bool finished = faltung::parallel_for(
        count, threads,
        [&](std::ptrdiff_t index, int worker) { sums[static_cast<std::size_t>(worker)] += index + 1; }, never);
    std::ptrdiff_t total = 0;
    for (const std::ptrdiff_t sum : sums) total += sum;
    return finished && total == count * (count + 1) / 2;
}

void several_callers_at_once() {
    std::atomic<int> right{0};
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller)
        callers.emplace_back([&, caller] {
            for (int repeat = 0; repeat < 300; ++repeat)
                if (adds_up(1 + repeat % 50, 1 + (caller + repeat) % 5)) ++right;
        });
    for (auto& caller : callers) caller.join();
    check(right == 6 * 300, "several callers, with changing numbers of threads");
}

void calls_within_calls_run_alone() {
    std::atomic<int> strangers{0}, inner{0};
    const bool finished = faltung::parallel_for(
        20, 3,
        [&](std::ptrdiff_t, int) {
            const auto self = std::this_thread::get_id();
            static_cast<void>(faltung::parallel_for(
                20, 3,
                [&](std::ptrdiff_t, int worker) {
                    ++inner;
                    if (worker != 0 || std::this_thread::get_id() != self) ++strangers;
                },
                never));
        },
        never);
    check(finished && inner == 400 && strangers == 0, "calls within calls run alone");
}

// Two tasks that wait for each other, so that a helper has one of them.
template <class Other>
bool with_a_helper(const Other& other, const faltung::Interrupted& interrupted) {
    std::atomic<int> present{0};
    return faltung::parallel_for(
        2, 2,
        [&](std::ptrdiff_t, int worker) {
            ++present;
            while (present < 2) std::this_thread::yield();
            if (worker == 1) other();
        },
        interrupted);
}

void helpers_leave_signals_alone() {
    bool interrupt_blocked = false, fault_blocked = true;
    static_cast<void>(with_a_helper(
        [&] {
            sigset_t blocked;
            pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
            interrupt_blocked = sigismember(&blocked, SIGINT) == 1;
            fault_blocked = sigismember(&blocked, SIGSEGV) == 1;
        },
        never));
    sigset_t own;
    pthread_sigmask(SIG_BLOCK, nullptr, &own);
    check(interrupt_blocked && !fault_blocked && sigismember(&own, SIGINT) == 0, "signals come to the caller");
}

void waiting_for_the_last_task_notices_an_interruption() {
    std::atomic<bool> asked{false};
    const bool finished = with_a_helper(
        [&] {
            while (!asked) std::this_thread::yield();
        },
        [&] { return asked = true; });
    check(!finished, "an interruption is noticed while a helper has the last task");
}

bool works() { return adds_up(1000, threads_of_children); }

template <class Child>
bool right_in_a_child(const Child& child) {
    const pid_t id = fork();
    if (id == 0) _exit(child() ? 0 : 1);
    int status = 1;
    return waitpid(id, &status, 0) == id && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void children_start_afresh() {
    std::atomic<bool> done{false};
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 3; ++caller)
        callers.emplace_back([&] {
            while (!done) static_cast<void>(adds_up(20, 3));
        });
    int right = 0;
    for (int repeat = 0; repeat < 30; ++repeat)
        right += right_in_a_child([] { return works() && right_in_a_child(works); });
    done = true;
    for (auto& caller : callers) caller.join();
    check(right == 30 && works(), "children of a busy process start afresh");
}

// As a signal's handler might do it.
void a_fork_within_a_call_is_an_error_in_the_child() {
    pid_t child = -1;
    std::atomic<bool> forked{false};
    bool failed_here = false;
    try {
        static_cast<void>(with_a_helper(
            [&] {
                while (!forked) std::this_thread::yield();
            },
            [&] {
                child = fork();
                forked = true;
                return false;
            }));
    } catch (const std::runtime_error&) {
        failed_here = true;
    }
    if (child == 0) _exit(failed_here && works() ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    check(!failed_here && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a fork within a call is an error in the child");
}

}  // namespace

int main() {
    for (const int threads : {1, 2, 3, 8, 64}) {
        for (int repeat = 0; repeat < 20; ++repeat) every_task_runs_once(threads);
        exceptions_arrive<Broken>(threads);
        exceptions_arrive<std::bad_alloc>(threads);
        interruption_stops(threads);
    }
    nothing_to_do();
    several_callers_at_once();
    calls_within_calls_run_alone();
    helpers_leave_signals_alone();
    waiting_for_the_last_task_notices_an_interruption();
    children_start_afresh();
    a_fork_within_a_call_is_an_error_in_the_child();
    return report();
}

// Fork-join over independent tasks. Helping threads are kept from call to call, asleep between.
#pragma once

#include <cstddef>
#include <functional>

namespace faltung {

// task(index, worker): worker in [0, threads) names the thread's own scratch.
using Task = std::function<void(std::ptrdiff_t index, int worker)>;

// Called on the calling thread only, at most every 50 ms; true asks to stop.
using Interrupted = std::function<bool()>;

// Runs task(0..count-1) on at most `threads` threads, the calling one among them. Each worker
// takes the next index until none is left. False if it was interrupted; the first exception
// that a task throws is thrown again here, after every thread has left the call.
//
// Several threads may call at once: a call never waits for helpers, so those that are busy
// elsewhere only leave it more to do itself. A task that calls again runs that alone. A child of
// fork() starts threads of its own.
[[nodiscard]] bool parallel_for(std::ptrdiff_t count, int threads, const Task& task,
                                const Interrupted& interrupted);

}  // namespace faltung

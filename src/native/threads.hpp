// Fork-join over independent tasks. Threads live for one call: nothing to reset after fork,
// nothing idle that could oversubscribe a caller's own workers.
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
// that a task throws is thrown again here, after every thread has ended.
[[nodiscard]] bool parallel_for(std::ptrdiff_t count, int threads, const Task& task,
                                const Interrupted& interrupted);

}  // namespace faltung

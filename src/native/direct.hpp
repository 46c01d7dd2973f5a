// Direct convolution: the sum as it is written, over blocks of outputs, on all instruction sets.
#pragma once

#include "direct_gather.hpp"
#include "threads.hpp"

namespace faltung {

struct Kernel {
    const std::byte* data;  // contiguous, in the compute type
    int parts;              // 2: complex
};

struct Destination {
    std::byte* data;  // contiguous
    Element element;
    int parts;
};

template <class T>
struct DirectCall {
    Source source;
    Kernel kernel;
    Destination destination;
    std::vector<Axis> axes;  // at least one; taps, outputs and length all positive
    bool fills;              // outside samples read `fill`; otherwise those terms do not occur
    Fill<T> fill;
    Level level;
};

// False if it was interrupted. The source and destination must have types of the compute type T.
template <class T>
[[nodiscard]] bool direct(const DirectCall<T>& call, int threads, const Interrupted& interrupted);

enum class Outcome { done, interrupted, does_not_fit };

// Exact sums of 64-bit integers. `taps_signed`: the kernel holds int64.
[[nodiscard]] Outcome direct_wide(const DirectCall<std::uint64_t>& call, bool taps_signed, int threads,
                                  const Interrupted& interrupted);

}  // namespace faltung

// A sum of outer products as passes along one axis at a time, fused: what a pass hands to the
// next stays in the caches.
#pragma once

#include "direct.hpp"

namespace faltung {

// One factor of a term for each axis: contiguous taps.
template <class T>
using Factors = std::vector<const T*>;

template <class T>
struct ChainCall {
    Source source;                  // real
    std::vector<Factors<T>> terms;  // at least one
    T* destination;                 // contiguous
    std::vector<Axis> axes;         // taps, outputs and length all positive; outside samples are absent
    Level level;
};

enum class ChainOutcome { interrupted, finite, not_finite };

// Writes the sum over the terms, the passes in the order of the axes. Taps must be finite, and 1
// where an axis has one.
template <class T>
[[nodiscard]] ChainOutcome chain(const ChainCall<T>& call, int threads, const Interrupted& interrupted);

}  // namespace faltung

// A pass down the columns with taps that are the same from both ends.
#pragma once

#include "chain_kernel.hpp"
#include "direct_blocks.hpp"

namespace faltung {

// Whether such a pass suits: decided by the problem alone, so that every layout and every number
// of threads gives the same bits.
template <class T>
[[nodiscard]] bool suits_mirrored(const Geometry& geometry, const T* taps, const ChainKernel<T>& kernel);

template <class T>
struct MirroredPass {
    const ChainKernel<T>& kernel;
    const Geometry& geometry;  // its rows are summed
    Source source;
    Reader<T> reader;
    const T* taps;
    T* destination;  // contiguous
};

template <class T>
void run_mirrored(const MirroredPass<T>& pass, GatherScratch<T>& scratch);

}  // namespace faltung

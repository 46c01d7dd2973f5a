// Layers: sums over channels and taps for many filters, as a matrix product whose one factor is
// never written down. Its samples are read where they lie, in copies of blocks of the input that
// continue beyond the edges:
//
//     output[filter][position] = sum over terms of weights[term][filter] * samples[base[position] + offset[term]]
#pragma once

#include <vector>

#include "channel_product_weights.hpp"
#include "direct_geometry.hpp"

namespace faltung {

template <class T>
struct ChannelProductCall {
    const PackedWeights<T>& weights;
    std::ptrdiff_t batch, channels;  // channels of each group
    std::vector<Axis> axes;          // any number, all positive; Axis::step in elements here
    const T* input;
    std::ptrdiff_t input_batch_step, input_channel_step;
    T fill;
    T* output;
    std::ptrdiff_t output_batch_step, output_filter_step;
    std::vector<std::ptrdiff_t> output_steps;  // for each axis
    // As many filters one after another write into the same plane, each from its own place on: the phases
    // of an input that was spread out.
    std::vector<std::ptrdiff_t> phases{0};
};

// False if it was interrupted.
template <class T>
[[nodiscard]] bool channel_product(const ChannelProductCall<T>& call, int threads, const Interrupted& interrupted);

}  // namespace faltung

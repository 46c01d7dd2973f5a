// Layers of few outputs and many taps, as gradients of kernels are: sums whose lanes are taps, read where
// they lie. Samples are, too, unless they are continued beyond the edges or lie apart.
#pragma once

#include <vector>

#include "direct_geometry.hpp"
#include "inner_product_kernel.hpp"
#include "threads.hpp"

namespace faltung {

template <class T>
struct InnerProductCall {
    Level level;
    std::ptrdiff_t batch, groups, filters, channels;  // filters and channels of each group
    std::vector<Axis> axes;                           // at least one, all positive; Axis::step in elements here
    const T *input, *input_end;                       // the last element's end, whatever the signs of steps
    std::ptrdiff_t input_batch_step, input_group_step, input_channel_step;
    T fill;
    const T *weights, *weights_end;
    std::ptrdiff_t filter_step, channel_step;
    std::vector<std::ptrdiff_t> tap_steps;  // for each axis; the last one is 1
    T* output;
    std::ptrdiff_t output_batch_step, output_filter_step;
    std::vector<std::ptrdiff_t> output_steps;
};

// False if it was interrupted.
template <class T>
[[nodiscard]] bool inner_product(const InnerProductCall<T>& call, int threads, const Interrupted& interrupted);

}  // namespace faltung

// Layers of 3 x 3 kernels by minimal filtering: tiles of samples and the kernels are taken to
// values at a few points, where each output's sum is one product for each channel, and back.
//
//     outputs = A' [ sum over channels of (G kernel G') . (B' samples B) ] A
#pragma once

#include <vector>

#include "winograd_weights.hpp"

namespace faltung {

// Products of a block of channels are summed from zero, blocks of a run of so many channels are added
// one after another, and runs with compensation.
inline constexpr std::ptrdiff_t winograd_run = 64;

struct WinogradCall {
    const WinogradWeights& weights;
    std::ptrdiff_t block;  // of channels: the shorter, the smaller the error
    std::ptrdiff_t batch;
    Axis row, column;  // stride and dilation 1; Axis::step in elements here
    const float* input;
    std::ptrdiff_t input_batch_step, input_channel_step;
    float fill;
    float* output;
    std::ptrdiff_t output_batch_step, output_filter_step, output_row_step, output_column_step;
};

struct WinogradOutcome {
    bool finished;  // false if it was interrupted
    // Tiles (image, then row, then column of tiles) with an output that is not finite, which may be
    // what NaN, infinity or an overflow elsewhere in the tile made of it.
    std::vector<std::ptrdiff_t> strange;
};

[[nodiscard]] WinogradOutcome winograd(const WinogradCall& call, int threads, const Interrupted& interrupted);

}  // namespace faltung

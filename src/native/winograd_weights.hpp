// Kernels of 3 x 3 taps, transformed once, in the order in which register tiles read them.
#pragma once

#include <algorithm>

#include "buffer.hpp"
#include "channel_product_kernel.hpp"
#include "direct_geometry.hpp"
#include "threads.hpp"
#include "winograd_kernel.hpp"

namespace faltung {

// (groups * filters, channels, 3, 3), contiguous.
struct WinogradBank {
    const float* taps;
    std::ptrdiff_t groups, filters, channels;  // of each group
};

// Filters first .. first + count - 1 of a group, filled up to whole vectors.
struct WinogradPanel {
    std::ptrdiff_t first;
    int count, width;
};

class WinogradWeights {
public:
    // `outputs` of a tile along each axis: 2 or 4.
    WinogradWeights(const WinogradBank& bank, int outputs, Level level, int threads, const Interrupted& interrupted);

    [[nodiscard]] bool complete() const { return complete_; }  // false if it was interrupted
    [[nodiscard]] Level level() const { return level_; }
    [[nodiscard]] int outputs() const { return outputs_; }
    [[nodiscard]] std::ptrdiff_t groups() const { return groups_; }
    [[nodiscard]] std::ptrdiff_t filters() const { return filters_; }
    [[nodiscard]] std::ptrdiff_t channels() const { return channels_; }

    [[nodiscard]] std::ptrdiff_t panels() const { return (filters_ + most_in_panel_ - 1) / most_in_panel_; }
    [[nodiscard]] WinogradPanel panel(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index * most_in_panel_, count = std::min(most_in_panel_, filters_ - first);
        return {first, static_cast<int>(count), static_cast<int>(round_up(count, lanes_))};
    }
    // For each point of the plane, for each channel, as many weights as the panel is wide.
    [[nodiscard]] const float* weights(std::ptrdiff_t group, const WinogradPanel& panel) const {
        return data_ + (group * round_up(filters_, lanes_) + panel.first) * channels_ * points_in_plane_;
    }

    [[nodiscard]] bool far() const {
        return groups_ * filters_ * channels_ * points_in_plane_ * std::ptrdiff_t{sizeof(float)} > most_near_bytes;
    }

private:
    Level level_;
    int outputs_;
    std::ptrdiff_t groups_, filters_, channels_, lanes_, most_in_panel_, points_in_plane_;
    Buffer<float> memory_;
    float* data_;
    bool complete_ = true;
};

}  // namespace faltung

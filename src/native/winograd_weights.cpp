#include "winograd_weights.hpp"

#include <vector>

namespace faltung {
namespace {

// Filters of a panel: the two vectors of the channel product's register tile.
constexpr int vectors_in_panel = 2;

}  // namespace

WinogradWeights::WinogradWeights(const WinogradBank& bank, int outputs, Level level, int threads,
                                 const Interrupted& interrupted)
    : level_(level), outputs_(outputs), groups_(bank.groups), filters_(bank.filters), channels_(bank.channels) {
    const WinogradKernel& kernel = winograd_kernel_for(level, outputs);
    const ChannelProductKernel<float>& products = channel_product_kernel_for<float>(level);
    lanes_ = products.lanes;
    most_in_panel_ = vectors_in_panel * lanes_;
    points_in_plane_ = kernel.points * kernel.points;
    data_ = memory_.reserve(groups_ * round_up(filters_, lanes_) * channels_ * points_in_plane_);
    std::vector<Buffer<float>> scratch(static_cast<std::size_t>(std::max(threads, 1)));
    const auto transform_panel = [&](std::ptrdiff_t index, int worker) {
        const std::ptrdiff_t group = index / panels();
        const WinogradPanel one = panel(index % panels());
        float* const taps = scratch[static_cast<std::size_t>(worker)].reserve(channels_ * 9 * one.width);
        const float* const first = bank.taps + (group * filters_ + one.first) * channels_ * 9;
        products.interleave({first, channels_ * 9, 1, channels_ * 9}, one.count, one.width, taps, one.width);
        kernel.transform_taps(taps, channels_, one.width, data_ + (weights(group, one) - data_), channels_ * one.width);
    };
    complete_ = parallel_for(groups_ * panels(), threads, transform_panel, interrupted);
}

}  // namespace faltung

#include "winograd_tiles.hpp"

#include <algorithm>

namespace faltung {
namespace {

constexpr std::ptrdiff_t taps = 3;
// Transformed samples of a block, in the second-level cache; and tiles of a block, however many
// bytes they take: enough that the weights, which each block reads, are worth it.
constexpr std::ptrdiff_t usual_bytes = std::ptrdiff_t{1} << 18;
constexpr std::ptrdiff_t least_tiles = 48, most_tiles = 96;

std::ptrdiff_t quotient_up(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

// The position `at` which an axis is read, counted from its first; what no output needs is the last one.
std::ptrdiff_t position(const Axis& axis, std::ptrdiff_t at) {
    return axis.offset + std::min(at, axis.outputs - 1 + taps - 1);
}

}  // namespace

WinogradTiles::WinogradTiles(const Axis& row, const Axis& column, std::ptrdiff_t batch, std::ptrdiff_t channels,
                             int outputs)
    : images_(batch), rows_(quotient_up(row.outputs, outputs)), columns_(quotient_up(column.outputs, outputs)) {
    const std::ptrdiff_t points = outputs + taps - 1;
    const std::ptrdiff_t bytes = points * points * channels * std::ptrdiff_t{sizeof(float)};
    const std::ptrdiff_t usual = std::clamp(usual_bytes / bytes, least_tiles, most_tiles);
    in_strip_ = quotient_up(columns_, quotient_up(columns_, usual));
    strips_in_row_ = quotient_up(columns_, in_strip_);
    const std::ptrdiff_t wanted = std::clamp(usual / in_strip_, std::ptrdiff_t{1}, strips());
    in_block_ = quotient_up(strips(), quotient_up(strips(), wanted));
}

TileStrips WinogradTiles::block(std::ptrdiff_t index) const {
    const std::ptrdiff_t first = index * in_block_;
    return {first, std::min(in_block_, strips() - first)};
}

Strip WinogradTiles::strip(std::ptrdiff_t index) const {
    const std::ptrdiff_t column = index % strips_in_row_ * in_strip_, row = index / strips_in_row_;
    return {row / rows_, row % rows_, column, std::min(in_strip_, columns_ - column)};
}

WinogradLines::WinogradLines(const ChannelProductKernel<float>& kernel, const Axis& row, const Axis& column,
                             std::ptrdiff_t tiles_in_strip, int outputs, float fill)
    : kernel_(kernel), row_(row), column_(column), outputs_(outputs), pitch_((tiles_in_strip + 1) * outputs), fill_(fill) {
    const std::ptrdiff_t strips = quotient_up(quotient_up(column.outputs, outputs), tiles_in_strip);
    for (std::ptrdiff_t at = 0; at < strips * tiles_in_strip * outputs + outputs; ++at) {
        const std::ptrdiff_t source = source_index(column.boundary, position(column, at), column.length);
        sources_.push_back(source < 0 ? absent : source * column.step);
    }
}

CopiedLines<float> WinogradLines::lines(const Strip& strip, std::ptrdiff_t channel_step, std::ptrdiff_t channels) const {
    const std::ptrdiff_t first = strip.column * outputs_, start = column_.offset + first;
    const std::ptrdiff_t last = std::min(column_.length, position(column_, column_.outputs + taps) + 1);
    const std::ptrdiff_t inside = std::clamp(-start, std::ptrdiff_t{0}, pitch_);
    const std::ptrdiff_t after = std::clamp(last - start, inside, pitch_);
    return {sources_.data() + first, inside, after, pitch_, column_.step, fill_, channels, channel_step, pitch_};
}

void WinogradLines::copy(const Strip& strip, const float* image, std::ptrdiff_t channel_step, std::ptrdiff_t channels,
                         float* to, std::ptrdiff_t length) const {
    const CopiedLines<float> columns = lines(strip, channel_step, channels);
    for (std::ptrdiff_t i = 0; i < outputs_ + taps - 1; ++i, to += length) {
        const std::ptrdiff_t at = position(row_, strip.row * outputs_ + i);
        const std::ptrdiff_t source = source_index(row_.boundary, at, row_.length);
        if (source < 0)
            std::fill_n(to, channels * pitch_, fill_);
        else
            kernel_.copy(columns, {1, 0, 0}, image + source * row_.step, to);
        std::fill(to + channels * pitch_, to + length, 0.0F);
    }
}

}  // namespace faltung

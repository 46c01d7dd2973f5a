// How a layer is cut into tiles, strips of tiles side by side and blocks of strips, and the lines of
// samples that a strip reads. All of it follows from the problem alone.
#pragma once

#include <vector>

#include "channel_product_kernel.hpp"
#include "direct_geometry.hpp"

namespace faltung {

// Tiles side by side, counted in tiles.
struct Strip {
    std::ptrdiff_t image, row, column, tiles;
};

struct TileStrips {
    std::ptrdiff_t first, count;
};

class WinogradTiles {
public:
    // `outputs` of a tile along each axis.
    WinogradTiles(const Axis& row, const Axis& column, std::ptrdiff_t batch, std::ptrdiff_t channels, int outputs);

    [[nodiscard]] std::ptrdiff_t blocks() const { return (strips() + in_block_ - 1) / in_block_; }
    [[nodiscard]] TileStrips block(std::ptrdiff_t index) const;
    [[nodiscard]] Strip strip(std::ptrdiff_t index) const;
    [[nodiscard]] std::ptrdiff_t strips_in_block() const { return in_block_; }
    [[nodiscard]] std::ptrdiff_t tiles_in_strip() const { return in_strip_; }
    [[nodiscard]] std::ptrdiff_t most() const { return in_block_ * in_strip_; }
    // Which of all tiles is a strip's first one.
    [[nodiscard]] std::ptrdiff_t index(const Strip& strip) const {
        return (strip.image * rows_ + strip.row) * columns_ + strip.column;
    }

private:
    [[nodiscard]] std::ptrdiff_t strips() const { return images_ * rows_ * strips_in_row_; }

    std::ptrdiff_t images_, rows_, columns_;
    std::ptrdiff_t in_strip_, strips_in_row_, in_block_;
};

// What a strip reads: for each row of a tile a line of the samples of all channels, one channel
// after another, each as long as the strip's tiles and one more. What lies beyond the last output's
// samples repeats these.
class WinogradLines {
public:
    WinogradLines(const ChannelProductKernel<float>& kernel, const Axis& row, const Axis& column,
                  std::ptrdiff_t tiles_in_strip, int outputs, float fill);

    [[nodiscard]] std::ptrdiff_t channel_pitch() const { return pitch_; }
    // `length`: of a line, filled up with zeros.
    void copy(const Strip& strip, const float* image, std::ptrdiff_t channel_step, std::ptrdiff_t channels, float* to,
              std::ptrdiff_t length) const;

private:
    // The same line of every channel.
    [[nodiscard]] CopiedLines<float> lines(const Strip& strip, std::ptrdiff_t channel_step, std::ptrdiff_t channels) const;

    const ChannelProductKernel<float>& kernel_;
    Axis row_, column_;
    std::ptrdiff_t outputs_, pitch_;
    float fill_;
    std::vector<std::ptrdiff_t> sources_;  // of the columns: an element, or `absent`
};

}  // namespace faltung

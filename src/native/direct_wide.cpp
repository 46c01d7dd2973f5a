// Exact sums of 64-bit integers whose result might not fit in 64 bits.
#include <algorithm>
#include <atomic>

#include "direct_blocks.hpp"

namespace faltung {
namespace {

struct WideScratch {
    GatherScratch<std::uint64_t> samples;
    Buffer<std::ptrdiff_t> leading;
};

class WideConvolution {
public:
    WideConvolution(const DirectCall<std::uint64_t>& call, bool taps_signed, int threads)
        : call_(call),
          prepared_(call),
          signs_{call.source.element != Element::uint64, taps_signed,
                 call.destination.element == Element::int64},
          scratch_(static_cast<std::size_t>(threads)) {
        Components<std::uint64_t> taps;
        taps.add(0, reinterpret_cast<const std::uint64_t*>(call.kernel.data));
        program_ =
            compile<std::uint64_t>(prepared_.geometry, prepared_.layout, prepared_.tile, taps);
    }

    [[nodiscard]] std::ptrdiff_t blocks() const { return prepared_.blocks.count(); }
    [[nodiscard]] bool fits() const { return fits_; }

    void compute(std::ptrdiff_t index, int worker) {
        if (!fits_.load(std::memory_order_relaxed)) return;
        WideScratch& scratch = scratch_[static_cast<std::size_t>(worker)];
        const Geometry& geometry = prepared_.geometry;
        const Blocks::Block block = prepared_.blocks[index];
        std::ptrdiff_t* const leading = scratch.leading.reserve(geometry.leading_taps);
        leading_offsets(geometry, block.leading, leading);
        const GatheredShape shape(geometry, prepared_.layout, prepared_.tile, block.outputs,
                                  sizeof(std::uint64_t));
        const auto* const samples = gather(geometry, prepared_.layout, call_.source, prepared_.reader,
                                           call_.fill, leading, block.outputs, shape, scratch.samples);
        if (!sum_outputs(block, prepared_.samples(samples, shape), shape.row_step)) fits_ = false;
    }

private:
    [[nodiscard]] bool sum_outputs(const Blocks::Block& block, const Samples<std::uint64_t>& samples,
                                   std::ptrdiff_t row_step) const {
        const Sum<std::uint64_t> sum = program_.sum();
        for (std::ptrdiff_t row = 0; row < block.outputs.rows; ++row) {
            auto* to =
                reinterpret_cast<std::uint64_t*>(call_.destination.data) + prepared_.output_index(block, row);
            for (std::ptrdiff_t column = 0; column < block.outputs.columns; ++column)
                if (!sum_exactly(sum, samples, row * row_step + column, signs_, to[column])) return false;
        }
        return true;
    }

    const DirectCall<std::uint64_t>& call_;
    Prepared<std::uint64_t> prepared_;
    Signs signs_;
    Program<std::uint64_t> program_;
    std::vector<WideScratch> scratch_;
    std::atomic<bool> fits_{true};
};

}  // namespace

Outcome direct_wide(const DirectCall<std::uint64_t>& call, bool taps_signed, int threads,
                    const Interrupted& interrupted) {
    WideConvolution convolution(call, taps_signed, std::max(threads, 1));
    const bool finished = parallel_for(
        convolution.blocks(), threads,
        [&](std::ptrdiff_t index, int worker) { convolution.compute(index, worker); }, interrupted);
    if (!convolution.fits()) return Outcome::does_not_fit;
    return finished ? Outcome::done : Outcome::interrupted;
}

}  // namespace faltung

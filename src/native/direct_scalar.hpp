// Evaluating a program one output at a time, where the register tile cannot: terms that do not
// occur, and integers that need more than 64 bits.
#pragma once

#include "direct_program.hpp"

namespace faltung {

// A gathered block: what `Area` is to the tile.
template <class T>
struct Samples {
    const T* first_plane;
    std::ptrdiff_t plane, row_stride;
    std::ptrdiff_t chain_step;  // from one tap of a step to the next
};

// Calls product(sample, tap, plane_index, offset_in_plane) for each term of the output at `origin`, and
// end_of_block() after each block of products.
template <class T, class Product, class EndOfBlock>
void walk(const Sum<T>& sum, const Samples<T>& samples, std::ptrdiff_t origin, const Product& product,
          const EndOfBlock& end_of_block) {
    const Step* step = sum.steps;
    const T* tap = sum.taps;
    const Run* run = sum.runs;
    for (std::ptrdiff_t block = 0; block < sum.blocks; ++block) {
        for (const Run* const last = run + sum.block_runs[block]; run != last; ++run)
            for (const Step* const end = step + run->steps; step != end; ++step) {
                std::ptrdiff_t offset = origin + step->row * samples.row_stride + step->column;
                const T* const plane = samples.first_plane + step->plane * samples.plane;
                for (int i = 0; i < run->taps; ++i, offset += samples.chain_step)
                    product(plane[offset], *tap++, step->plane, offset);
            }
        end_of_block();
    }
}

// The sum over the terms whose sample is present: presence[plane / parts] is zero elsewhere.
template <class T>
T sum_present(const Sum<T>& sum, const Samples<T>& samples, const T* presence, int parts,
              std::ptrdiff_t origin);

// The exact sum over 64-bit samples and taps, each signed or not. False if it does not fit
// in 64 bits, signed or not as `result_signed` says.
struct Signs {
    bool samples, taps, result;
};
[[nodiscard]] bool sum_exactly(const Sum<std::uint64_t>& sum, const Samples<std::uint64_t>& samples,
                               std::ptrdiff_t origin, Signs has_sign, std::uint64_t& result);

}  // namespace faltung

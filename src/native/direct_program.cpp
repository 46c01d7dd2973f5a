#include "direct_program.hpp"

#include <algorithm>
#include <numeric>

namespace faltung {
namespace {

// Products summed from zero before block sums are added pairwise: with it the rounding error of
// a sum stays below (128 + log2 n) units in the last place of the sum of magnitudes.
constexpr int most_products = 128;

// The axis along which a step takes several taps, and how: taps b, b + gap, b + 2 gap, ... lie
// one tile row apart, for each b below `chains`.
struct Chaining {
    std::ptrdiff_t taps, gap, chains;

    // distance: positions between tile rows.
    Chaining(const Axis& axis, std::ptrdiff_t distance)
        : taps(axis.taps),
          gap(distance % axis.dilation == 0 ? std::min(distance / axis.dilation, axis.taps) : axis.taps),
          chains(gap) {}
    [[nodiscard]] std::ptrdiff_t length(std::ptrdiff_t chain) const { return (taps - chain + gap - 1) / gap; }
};

template <class T>
class Compiler {
public:
    Compiler(const Geometry& geometry, const PlaneLayout& layout, const TileShape& shape,
             const Components<T>& components)
        : geometry_(geometry),
          layout_(layout),
          components_(components),
          line_(geometry.along_line()),
          usual_taps_(shape.usual_taps),
          most_taps_(shape.most_taps),
          chaining_(line_ ? geometry.column : geometry.row,
                    line_ ? geometry.column.stride * shape.chain_step : geometry.row.stride) {
        const auto taps =
            static_cast<std::size_t>(geometry.leading_taps * geometry.row.taps * geometry.column.taps) *
            static_cast<std::size_t>(components.count);
        program_.taps.reserve(taps);
        program_.steps.reserve(
            std::min(taps, std::size_t{64}));  // enough for small kernels, which must be quick
        program_.runs.reserve(std::min(taps, std::size_t{8}));
    }

    // Steps of equally many taps follow each other, over the whole kernel.
    Program<T> compile() {
        const auto longest = static_cast<int>(std::min<std::ptrdiff_t>(most_taps_, chaining_.length(0)));
        for (int taps = longest; taps > 0; --taps)
            for (std::ptrdiff_t leading = 0; leading < geometry_.leading_taps; ++leading)
                for (std::ptrdiff_t chain = 0; chain < chaining_.chains; ++chain)
                    add_chain(leading, chain, taps);
        close_block();
        return std::move(program_);
    }

private:
    // A chain falls into pieces that differ by at most one tap; those of `taps` taps are added.
    void add_chain(std::ptrdiff_t leading, std::ptrdiff_t chain, int taps) {
        const std::ptrdiff_t length = chaining_.length(chain);
        const std::ptrdiff_t pieces = length <= most_taps_ ? 1 : (length + usual_taps_ - 1) / usual_taps_;
        const std::ptrdiff_t smaller = length / pieces, larger = length % pieces;
        if (taps != smaller && (taps != smaller + 1 || larger == 0)) return;
        const std::ptrdiff_t from = taps == smaller ? larger : 0;
        const std::ptrdiff_t to = taps == smaller ? pieces : larger;
        for (std::ptrdiff_t piece = from; piece < to; ++piece)
            add_piece(leading, chain + chaining_.gap * (smaller * piece + std::min(piece, larger)), taps);
    }

    void add_piece(std::ptrdiff_t leading, std::ptrdiff_t first, int taps) {
        const std::ptrdiff_t across = line_ ? geometry_.row.taps : geometry_.column.taps;
        for (std::ptrdiff_t other = 0; other < across; ++other) {
            open_run(taps);
            for (const auto& component : components_)
                add_step(leading, line_ ? other : first, line_ ? first : other, taps, component);
        }
    }

    void open_run(int taps) {
        const int products = taps * components_.count;
        if (products_ + products > most_products) close_block();
        if (runs_in_block_ == 0 || program_.runs.back().taps != taps) {
            program_.runs.push_back({taps, 0});
            ++runs_in_block_;
        }
        program_.runs.back().steps += components_.count;
        products_ += products;
    }

    void close_block() {
        program_.block_runs.push_back(runs_in_block_);
        runs_in_block_ = 0;
        products_ = 0;
    }

    void add_step(std::ptrdiff_t leading, std::ptrdiff_t row, std::ptrdiff_t column, int taps,
                  const Component<T>& component) {
        const std::ptrdiff_t position = geometry_.column.dilation * column;
        const std::ptrdiff_t phase = column % layout_.phases;
        const std::ptrdiff_t plane = (leading * layout_.phases + phase) * layout_.parts + component.part;
        program_.steps.push_back({static_cast<std::int32_t>(plane),
                                  geometry_.row.dilation * row / layout_.row_unit,
                                  position / layout_.column_stride});
        const std::ptrdiff_t gap = line_ ? chaining_.gap : chaining_.gap * geometry_.column.taps;
        const T* from =
            component.taps + (leading * geometry_.row.taps + row) * geometry_.column.taps + column;
        for (int tap = 0; tap < taps; ++tap) program_.taps.push_back(from[tap * gap]);
    }

    const Geometry& geometry_;
    const PlaneLayout& layout_;
    const Components<T>& components_;
    bool line_;
    int usual_taps_, most_taps_;
    Chaining chaining_;
    Program<T> program_;
    int products_ = 0;
    std::int32_t runs_in_block_ = 0;
};

}  // namespace

PlaneLayout::PlaneLayout(const Geometry& geometry, int parts_of_input)
    : phases(std::min(geometry.column.stride / std::gcd(geometry.column.stride, geometry.column.dilation),
                      geometry.column.taps)),
      column_stride(geometry.column.stride),
      column_dilation(geometry.column.dilation),
      row_unit(geometry.row.taps == 1 ? geometry.row.stride : 1),
      parts(parts_of_input) {}

template <class T>
Program<T> compile(const Geometry& geometry, const PlaneLayout& layout, const TileShape& shape,
                   const Components<T>& components) {
    return Compiler<T>(geometry, layout, shape, components).compile();
}

template Program<float> compile(const Geometry&, const PlaneLayout&, const TileShape&,
                                const Components<float>&);
template Program<double> compile(const Geometry&, const PlaneLayout&, const TileShape&,
                                 const Components<double>&);
template Program<std::uint64_t> compile(const Geometry&, const PlaneLayout&, const TileShape&,
                                        const Components<std::uint64_t>&);

}  // namespace faltung

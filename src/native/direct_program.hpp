// A kernel compiled into the list of steps that every tile of outputs runs.
#pragma once

#include <vector>

#include "direct_geometry.hpp"

namespace faltung {

// How samples lie in the planes that a program reads. With stride > 1 on the last axis the
// positions that taps read are dealt out to `phases` planes, so that neighbouring outputs read
// neighbouring elements: tap k reads position dilation * k of a block, which is element
// dilation * k / stride of plane k % phases. Positions that no tap reads are in no plane.
struct PlaneLayout {
    std::ptrdiff_t phases;
    std::ptrdiff_t column_stride, column_dilation;
    std::ptrdiff_t row_unit;  // rows that no output reads are left out
    int parts;                // 2: real and imaginary planes alternate

    PlaneLayout(const Geometry& geometry, int parts);
    [[nodiscard]] std::ptrdiff_t planes(const Geometry& geometry) const {
        return geometry.leading_taps * phases * parts;
    }
    // The first position of a plane.
    [[nodiscard]] std::ptrdiff_t position_of(std::ptrdiff_t phase) const {
        return column_dilation * phase % column_stride;
    }
    [[nodiscard]] std::ptrdiff_t last_column(const Geometry& geometry) const {
        return geometry.column.reach() / column_stride;
    }
};

// Real taps that read one part (0 real, 1 imaginary) of the input.
template <class T>
struct Component {
    int part;
    const T* taps;  // in the kernel's shape
};

// The real products that make one part of a result.
template <class T>
struct Components {
    Component<T> list[2];
    int count = 0;

    void add(int part, const T* taps) { list[count++] = {part, taps}; }
    [[nodiscard]] const Component<T>* begin() const { return list; }
    [[nodiscard]] const Component<T>* end() const { return list + count; }
};

template <class T>
struct Program {
    std::vector<Step> steps;
    std::vector<T> taps;
    std::vector<Run> runs;
    std::vector<std::int32_t> block_runs;

    [[nodiscard]] Sum<T> sum() const {
        return {steps.data(), taps.data(), runs.data(), block_runs.data(),
                static_cast<std::ptrdiff_t>(block_runs.size())};
    }
};

// The sum over all components of sample times tap. The order of its products follows from the
// geometry and the tile's shape alone.
template <class T>
Program<T> compile(const Geometry& geometry, const PlaneLayout& layout, const TileShape& shape,
                   const Components<T>& components);

}  // namespace faltung

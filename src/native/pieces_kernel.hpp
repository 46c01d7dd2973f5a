// What functions made of pieces compile for each instruction set. All that is inline here is
// always inlined, so that no function of a wide instruction set can stand in for a narrow one's.
#pragma once

#include <cstddef>

#include "dispatch.hpp"

namespace faltung {

// On piece i, from edges[i] to edges[i + 1], the sum over k of series[i * terms + k] T_k(u), u from
// -1 to 1; zero beyond the first and the last edge.
struct PiecesView {
    const double* edges;
    const double* series;
    int count;
    int terms;

    [[gnu::always_inline]] const double* piece(int i) const {
        return series + static_cast<std::ptrdiff_t>(i) * terms;
    }
    [[gnu::always_inline]] double width(int i) const { return edges[i + 1] - edges[i]; }
    // Where x lies on piece i: -1 at its low edge, 1 at its high one.
    [[gnu::always_inline]] double place(int i, double x) const {
        return ((x - edges[i]) - (edges[i + 1] - x)) / width(i);
    }
};

// The last piece that begins at or before x; the first if none does. (A search without branches.)
[[gnu::always_inline]] inline int locate(const PiecesView& f, double x) {
    const double* first = f.edges;
    for (int length = f.count; length > 1;) {
        const int half = length / 2;
        first = first[half] <= x ? first + half : first;
        length -= half;
    }
    return static_cast<int>(first - f.edges);
}

// A series, and the points centre + half * node to take it at.
struct Sampled {
    const double* series;
    int terms;  // at least 1
    double centre, half;
};

// A series on an interval of its own.
struct Stretch {
    const double* series;
    int terms;  // at least 1
    double low, high;
};

// What is compiled for each instruction set. Counts of nodes are multiples of the lanes.
struct PiecesKernel {
    void (*values)(const PiecesView& f, const double* points, std::ptrdiff_t count, double* values);
    // The sum over nodes of weight * f * g.
    double (*product)(const Sampled& f, const Sampled& g, const double* nodes, const double* weights, int count);
    // The sum over nodes of weight * f.
    double (*sum)(const Sampled& f, const double* nodes, const double* weights, int count);
    // values[k] = f at node k
    void (*sample)(const Sampled& f, const double* nodes, int count, double* values);
    // totals[k] += the series, on [low, high], at points[k]
    void (*add)(const Stretch& f, const double* points, std::ptrdiff_t count, double* totals);
};

#ifdef FALTUNG_X86
namespace v2 {
extern const PiecesKernel pieces_kernel;
}
namespace v3 {
extern const PiecesKernel pieces_kernel;
}
namespace v4 {
extern const PiecesKernel pieces_kernel;
}
#else
namespace baseline {
extern const PiecesKernel pieces_kernel;
}
#endif

}  // namespace faltung

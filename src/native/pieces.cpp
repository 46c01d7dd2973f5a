#include "pieces.hpp"

#include <algorithm>
#include <cmath>

namespace faltung {
namespace {

constexpr std::ptrdiff_t points_in_task = 1 << 13;
constexpr std::ptrdiff_t integrals_in_task = 32;
// A cell whose share of the integral is below this is rounding.
constexpr double negligible = 0x1p-64;

const PiecesKernel& kernel_for(Level level) { return FALTUNG_DISPATCH(level, pieces_kernel); }

// A place of the integrand: x in f and y in g, x + y being the point. Each is exact where it is an
// edge of its function, so that narrow pieces keep their shape at points far from them.
struct Cut {
    double x, y;
};

// Where f has piece i and g, mirrored at the point, piece j.
struct Cell {
    int i, j;
    Cut from, to;
    double width;
    double most;  // a bound of its integral

    Cell(const Operand& f, int i_, const Operand& g, int j_, Cut from_, Cut to_)
        : i(i_), j(j_), from(from_), to(to_), width(nearer_difference(from_, to_)),
          most(f.sizes[static_cast<std::size_t>(i_)] * g.sizes[static_cast<std::size_t>(j_)] * width) {}

    // Of the two coordinates the smaller one is the more accurate.
    static double nearer_difference(Cut from, Cut to) {
        const double x = std::max(std::abs(from.x), std::abs(to.x)), y = std::max(std::abs(from.y), std::abs(to.y));
        return x <= y ? to.x - from.x : from.y - to.y;
    }
};

std::vector<Cell> cells_of(const Operand& f, const Operand& g, double point) {
    std::vector<Cell> cells;
    const double f_first = f.edges[0], f_last = f.edges[f.count], g_first = g.edges[0], g_last = g.edges[g.count];
    if (!(f_first + g_first < point && point < f_last + g_last)) return cells;
    Cut at = f_first + g_last >= point ? Cut{f_first, point - f_first} : Cut{point - g_last, g_last};
    int i = locate(f, at.x), j = locate(g, at.y);
    double total = 0;
    while (i < f.count && j >= 0) {
        // x rises to the next edge of f, y falls to the next edge of g: whichever comes first.
        const double f_edge = f.edges[i + 1], g_edge = g.edges[j];
        const bool f_ends = f_edge + g_edge <= point;
        const Cut next = f_ends ? Cut{f_edge, point - f_edge} : Cut{point - g_edge, g_edge};
        const Cell cell(f, i, g, j, at, next);
        if (cell.most > 0) {
            total += cell.most;
            cells.push_back(cell);
        }
        at = next;
        f_ends ? ++i : --j;
    }
    std::erase_if(cells, [=](const Cell& cell) { return cell.most <= negligible * total; });
    return cells;
}

// Series `i` of f between two places.
Sampled between(const Operand& f, int i, double from, double to) {
    const double one = std::clamp(f.place(i, from), -1.0, 1.0), two = std::clamp(f.place(i, to), -1.0, 1.0);
    return {f.piece(i), f.lengths[static_cast<std::size_t>(i)], (one + two) / 2, (two - one) / 2};
}

double convolution_at(const Operand& f, const Operand& g, const Rule& rule, double point,
                      const PiecesKernel& kernel) {
    double sum = 0;
    for (const Cell& cell : cells_of(f, g, point)) {
        const Sampled one = between(f, cell.i, cell.from.x, cell.to.x);
        const Sampled two = between(g, cell.j, cell.from.y, cell.to.y);
        sum += kernel.product(one, two, rule.nodes.data(), rule.weights.data(), rule.padded()) * (cell.width / 2);
    }
    return sum;
}

// run(first, last) over consecutive ranges of 0 … count.
template <class Run>
bool in_ranges(std::ptrdiff_t count, std::ptrdiff_t step, int threads, const Interrupted& interrupted, const Run& run) {
    const std::ptrdiff_t tasks = (count + step - 1) / step;
    const Task task = [&](std::ptrdiff_t index, int) { run(index * step, std::min(count, (index + 1) * step)); };
    return parallel_for(tasks, static_cast<int>(std::min<std::ptrdiff_t>(threads, tasks)), task, interrupted);
}

}  // namespace

Operand::Operand(const PiecesView& view) : PiecesView(view) {
    for (int i = 0; i < count; ++i) {
        int length = terms;
        while (length > 0 && piece(i)[length - 1] == 0) --length;
        double size = 0;
        for (int k = 0; k < length; ++k) size += std::abs(piece(i)[k]);
        lengths.push_back(length);
        sizes.push_back(size);
    }
}

Rule::Rule(const double* given_nodes, const double* given_weights, int count)
    : nodes(given_nodes, given_nodes + count), weights(given_weights, given_weights + count) {
    const auto size = static_cast<std::size_t>((count + node_padding - 1) / node_padding * node_padding);
    nodes.resize(size);
    weights.resize(size);
}

bool piece_values(const PiecesView& f, const double* points, std::ptrdiff_t count, double* values, Level level,
                  int threads, const Interrupted& interrupted) {
    if (count == 0) return true;
    const PiecesKernel& kernel = kernel_for(level);
    return in_ranges(count, points_in_task, threads, interrupted, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
        kernel.values(f, points + first, last - first, values + first);
    });
}

void series_values(const PiecesView& f, const std::int64_t* rows, std::ptrdiff_t count, const double* places,
                   std::ptrdiff_t columns, double* values, Level level) {
    const PiecesKernel& kernel = kernel_for(level);
    std::fill_n(values, count * columns, 0.0);
    for (std::ptrdiff_t k = 0; k < count; ++k)
        kernel.add({f.piece(static_cast<int>(rows[k])), f.terms, -1, 1}, places + k * columns, columns,
                   values + k * columns);
}

bool convolution_values(const Operand& f, const Operand& g, const Rule& rule, const double* points,
                        std::ptrdiff_t count, double* values, Level level, int threads,
                        const Interrupted& interrupted) {
    if (count == 0) return true;
    const PiecesKernel& kernel = kernel_for(level);
    return in_ranges(count, integrals_in_task, threads, interrupted, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
        for (std::ptrdiff_t k = first; k < last; ++k) values[k] = convolution_at(f, g, rule, points[k], kernel);
    });
}

}  // namespace faltung

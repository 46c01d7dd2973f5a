// Two polynomial pieces convolve to three polynomials: while they slide into each other, while the
// narrower lies within the wider, and while they slide apart. Those in which they slide are
// convolutions of windows of one width, by recurrence of their Legendre coefficients; the one
// between is of the wider piece's degree, and sampled by Gauss quadrature, exact for it.
// Source: Hale & Townsend, An algorithm for the convolution of Legendre series (2014).
#include <algorithm>

#include "legendre.hpp"
#include "pieces.hpp"

namespace faltung {
namespace {

std::size_t size_of(int count) { return static_cast<std::size_t>(count); }

// result = matrix times vector, the matrix column by column.
void multiply(const double* matrix, int column_length, const double* vector, int rows, int columns, double* result) {
    std::fill_n(result, rows, 0.0);
    for (int c = 0; c < columns; ++c) {
        const double* column = matrix + static_cast<std::ptrdiff_t>(c) * column_length;
        for (int r = 0; r < rows; ++r) result[r] += column[r] * vector[c];
    }
}

void change_odd_signs(double* series, int terms) {
    for (int k = 1; k < terms; k += 2) series[k] = -series[k];
}

// One worker's rows of pairs, and the memory it needs for them.
class Pairs {
public:
    Pairs(const Operand& f, const Operand& g, const LegendreTables& tables, const PairPolynomials& result,
          const PiecesKernel& kernel)
        : f_(f), g_(g), tables_(tables), result_(result), kernel_(kernel), recurrence_(2 * tables.terms),
          values_(tables.rule.nodes.size()), weighted_(values_.size()), one_(size_of(tables.terms)),
          two_(size_of(tables.terms)), legendre_(size_of(2 * tables.terms)) {}

    void convolve(int i, int j) {
        const std::ptrdiff_t first = 3 * (static_cast<std::ptrdiff_t>(i) * g_.count + j);
        const double a = f_.edges[i], b = f_.edges[i + 1], c = g_.edges[j], d = g_.edges[j + 1];
        const double inner = std::min(a + d, b + c), outer = std::max(a + d, b + c);
        const double ends[4] = {a + c, inner, outer, b + d};
        for (int part = 0; part < 3; ++part) {
            result_.low[first + part] = ends[part];
            result_.high[first + part] = ends[part + 1];
        }
        double* const series = result_.series + first * 2 * tables_.terms;
        std::fill_n(series, 6 * tables_.terms, 0.0);
        if (f_.lengths[size_of(i)] == 0 || g_.lengths[size_of(j)] == 0) return;
        slide(i, j, -1, series);
        if (inner < outer && f_.width(i) < g_.width(j)) pass(f_, i, g_, j, inner, outer, series + 2 * tables_.terms);
        if (inner < outer && f_.width(i) >= g_.width(j)) pass(g_, j, f_, i, inner, outer, series + 2 * tables_.terms);
        slide(i, j, 1, series + 4 * tables_.terms);
    }

private:
    // Legendre coefficients of piece i on a window of this width at its low end (side -1), or at its
    // high end and seen from there (side 1).
    void window(const Operand& f, int i, double width, int side, double* coefficients) {
        const double share = std::min(width / f.width(i), 1.0);
        const int terms = f.lengths[size_of(i)];
        const Sampled sampled{f.piece(i), terms, side * (1 - share), share};
        kernel_.sample(sampled, tables_.rule.nodes.data(), tables_.rule.padded(), values_.data());
        multiply(tables_.projection, tables_.terms, values_.data(), terms, tables_.terms, coefficients);
        if (side > 0) change_odd_signs(coefficients, terms);
    }

    void slide(int i, int j, int side, double* series) {
        const double width = std::min(f_.width(i), g_.width(j));
        const int first = f_.lengths[size_of(i)], second = g_.lengths[size_of(j)], terms = first + second;
        window(f_, i, width, side, one_.data());
        window(g_, j, width, side, two_.data());
        recurrence_.convolve(one_.data(), first, two_.data(), second, legendre_.data());
        if (side > 0) change_odd_signs(legendre_.data(), terms);
        for (int k = 0; k < terms; ++k) legendre_[size_of(k)] *= width / 2;
        multiply(tables_.conversion, 2 * tables_.terms, legendre_.data(), terms, terms, series);
    }

    void pass(const Operand& narrow, int i, const Operand& wide, int j, double low, double high, double* series) {
        const double from = narrow.edges[i], to = narrow.edges[i + 1];
        const Sampled whole{narrow.piece(i), narrow.lengths[size_of(i)], 0, 1};
        const int nodes = tables_.rule.padded();
        kernel_.sample(whole, tables_.rule.nodes.data(), nodes, weighted_.data());
        for (int k = 0; k < nodes; ++k) weighted_[size_of(k)] *= tables_.rule.weights[size_of(k)] * ((to - from) / 2);
        for (int p = 0; p < tables_.terms; ++p) {
            const double t = (low + high) / 2 + (high - low) / 2 * tables_.points[p];
            const double one = wide.place(j, t - from), two = wide.place(j, t - to);
            const Sampled moving{wide.piece(j), wide.lengths[size_of(j)], (one + two) / 2, (two - one) / 2};
            one_[size_of(p)] = kernel_.sum(moving, tables_.rule.nodes.data(), weighted_.data(), nodes);
        }
        multiply(tables_.analysis, tables_.terms, one_.data(), wide.lengths[size_of(j)], tables_.terms, series);
    }

    const Operand &f_, &g_;
    const LegendreTables& tables_;
    const PairPolynomials& result_;
    const PiecesKernel& kernel_;
    LegendreRecurrence recurrence_;
    std::vector<double> values_, weighted_, one_, two_, legendre_;
};

}  // namespace

bool pair_polynomials(const Operand& f, const Operand& g, const LegendreTables& tables, const PairPolynomials& result,
                      Level level, int threads, const Interrupted& interrupted) {
    threads = std::min(threads, f.count);
    std::vector<Pairs> workers(size_of(threads), Pairs(f, g, tables, result, FALTUNG_DISPATCH(level, pieces_kernel)));
    const Task row = [&](std::ptrdiff_t i, int worker) {
        for (int j = 0; j < g.count; ++j) workers[size_of(worker)].convolve(static_cast<int>(i), j);
    };
    return parallel_for(f.count, threads, row, interrupted);
}

bool add_polynomials(const PairPolynomials& polynomials, const double* points, std::ptrdiff_t count, double* totals,
                     Level level, int threads, const Interrupted& interrupted) {
    // Sums that stay in the first-level cache, unless looking through all polynomials would be dearer.
    const std::ptrdiff_t step = std::max<std::ptrdiff_t>(1 << 11, count / 64 + 1);
    const PiecesKernel& kernel = FALTUNG_DISPATCH(level, pieces_kernel);
    const Task task = [&](std::ptrdiff_t index, int) {
        const double* const begin = points + index * step;
        const double* const end = points + std::min(count, (index + 1) * step);
        for (std::ptrdiff_t k = 0; k < polynomials.count; ++k) {
            const double low = polynomials.low[k], high = polynomials.high[k];
            if (high <= *begin || low > end[-1]) continue;
            const double* const from = std::lower_bound(begin, end, low);
            const double* const to = std::lower_bound(from, end, high);
            const double* const series = polynomials.series + k * polynomials.terms;
            int terms = polynomials.terms;
            while (terms > 0 && series[terms - 1] == 0) --terms;
            if (from < to && terms > 0) kernel.add({series, terms, low, high}, from, to - from, totals + (from - points));
        }
    };
    const std::ptrdiff_t tasks = (count + step - 1) / step;
    return parallel_for(tasks, static_cast<int>(std::min<std::ptrdiff_t>(threads, tasks)), task, interrupted);
}

}  // namespace faltung

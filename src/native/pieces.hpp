// Functions made of polynomials between edges: their values, and their convolution.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pieces_kernel.hpp"
#include "threads.hpp"

namespace faltung {

// An operand of a convolution. A piece of no terms is zero.
struct Operand : PiecesView {
    explicit Operand(const PiecesView& view);

    std::vector<int> lengths;   // coefficients of each piece up to the last that is not zero
    std::vector<double> sizes;  // bounds of the values of each piece
};

// Nodes come in multiples of this many: the lanes of the widest vector.
inline constexpr int node_padding = 8;

struct Rule {
    Rule(const double* nodes, const double* weights, int count);

    std::vector<double> nodes, weights;  // padded with weights of zero
    int padded() const { return static_cast<int>(nodes.size()); }
};

// values[k] = f(points[k]). False if interrupted.
[[nodiscard]] bool piece_values(const PiecesView& f, const double* points, std::ptrdiff_t count, double* values,
                                Level level, int threads, const Interrupted& interrupted);

// values[k * columns + c] = series rows[k] of f at places[k * columns + c], from -1 to 1.
void series_values(const PiecesView& f, const std::int64_t* rows, std::ptrdiff_t count, const double* places,
                   std::ptrdiff_t columns, double* values, Level level);

// values[k] = integral of f(x) g(points[k] - x) over x, by the rule between all edges, which is
// exact if it has half as many nodes as the two series have terms. False if interrupted.
[[nodiscard]] bool convolution_values(const Operand& f, const Operand& g, const Rule& rule, const double* points,
                                      std::ptrdiff_t count, double* values, Level level, int threads,
                                      const Interrupted& interrupted);

// What the convolution of pieces pair by pair takes beside them, for series of `terms` terms.
// Matrices lie column by column.
struct LegendreTables {
    Rule rule;                 // Gauss-Legendre of `terms` nodes
    const double* projection;  // (terms, terms): values at its nodes to Legendre coefficients
    const double* points;      // Chebyshev points, `terms` of them
    const double* analysis;    // (terms, terms): values there to Chebyshev coefficients
    const double* conversion;  // (2 terms, 2 terms): Legendre to Chebyshev coefficients
    int terms;
};

// Chebyshev series on intervals of their own, whose sum is the convolution.
struct PairPolynomials {
    double *low, *high;
    double* series;  // `terms` for each
    std::ptrdiff_t count;
    int terms;
};

// The three polynomials of piece i of f and piece j of g, of 2 * terms terms, become those from
// 3 * (i * g.count + j) on. False if interrupted.
[[nodiscard]] bool pair_polynomials(const Operand& f, const Operand& g, const LegendreTables& tables,
                                    const PairPolynomials& result, Level level, int threads,
                                    const Interrupted& interrupted);

// totals[k] += the sum of the polynomials that lie over points[k], points ascending. False if interrupted.
[[nodiscard]] bool add_polynomials(const PairPolynomials& polynomials, const double* points, std::ptrdiff_t count,
                                   double* totals, Level level, int threads, const Interrupted& interrupted);

}  // namespace faltung

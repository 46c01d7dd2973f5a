// Source: Hale & Townsend, An algorithm for the convolution of Legendre series (2014), section 4.
//
// Let C_n be the integral with P_n in place of g, and B[k][n] its coefficients. Then C_0 is the
// antiderivative of f, and since (2n + 1) P_n = P'_(n+1) - P'_(n-1),
//     C_(n+1) = C_(n-1) + (2n + 1) times the antiderivative of C_n.
// This is stable for k >= n; the rest follows from B[k][n] = (-1)^(n+k) (2k + 1)/(2n + 1) B[n][k].
#include "legendre.hpp"

#include <algorithm>
#include <cstddef>

namespace faltung {

LegendreRecurrence::LegendreRecurrence(int terms) : inverse_(static_cast<std::size_t>(terms) + 2) {
    for (std::size_t k = 0; k < inverse_.size(); ++k) inverse_[k] = 1 / (2 * static_cast<double>(k) + 1);
    for (std::vector<double>& column : columns_) column.resize(inverse_.size());
}

// The k-th coefficient, k >= 1, of the antiderivative.
inline double LegendreRecurrence::integrated(const double* series, int k) const {
    const double* const inverse = inverse_.data();
    return series[k - 1] * inverse[k - 1] - series[k + 1] * inverse[k + 1];
}

void LegendreRecurrence::add_column(const double* column, int n, int last, const double* g, int second,
                                    double* result) const {
    for (int k = n; k <= last; ++k) result[k] += g[n] * column[k];
    double mirrored[2] = {};
    for (int k = n + 1; k <= std::min(last, second - 1); ++k)
        mirrored[(k - n) % 2] += g[k] * column[k] * inverse_[static_cast<std::size_t>(k)];
    result[n] += (mirrored[0] - mirrored[1]) * (2 * n + 1);
}

void LegendreRecurrence::convolve(const double* f, int first, const double* g, int second, double* result) {
    double *older = columns_[0].data(), *column = columns_[1].data(), *next = columns_[2].data();
    for (std::vector<double>& each : columns_) std::fill(each.begin(), each.end(), 0.0);
    std::fill_n(result, first + second, 0.0);
    std::copy_n(f, first, next);
    column[0] = next[0] - next[1] * inverse_[1];
    for (int k = 1; k <= first; ++k) column[k] = integrated(next, k);
    for (int k = 0; k <= first; ++k) older[k] = -column[k];
    for (int n = 0; n < second; ++n) {
        add_column(column, n, first + n, g, second, result);
        if (n + 1 == second) break;
        for (int k = n + 1; k <= first + n + 1; ++k) next[k] = older[k] + (2 * n + 1) * integrated(column, k);
        double* const freed = older;
        older = column, column = next, next = freed;
    }
}

}  // namespace faltung

// The convolution of two Legendre series.
#pragma once

#include <vector>

namespace faltung {

class LegendreRecurrence {
public:
    // For series of `terms` terms together.
    explicit LegendreRecurrence(int terms);

    // result, first + second terms: coefficients in z = x + 1 of the integral of f(s) g(x - s) over s
    // from -1 to x + 1, where f and g are series of `first` and `second` terms on [-1, 1].
    void convolve(const double* f, int first, const double* g, int second, double* result);

private:
    double integrated(const double* series, int k) const;
    void add_column(const double* column, int n, int last, const double* g, int second, double* result) const;

    std::vector<double> inverse_;  // 1 / (2k + 1)
    std::vector<double> columns_[3];
};

}  // namespace faltung

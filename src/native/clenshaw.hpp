// Values of Chebyshev series at vectors of points, by Clenshaw's recurrence (1955): its rounding
// error is a small multiple of the unit roundoff times the sum of the coefficients' moduli.
#pragma once

#include "simd.hpp"

namespace faltung::FALTUNG_LEVEL {

// `coefficient(k)` is a vector: the k-th coefficient of each lane's series. Several vectors at a
// time, as one alone would wait for its own multiplications.
template <int many, class Coefficient>
[[gnu::always_inline]] inline void clenshaw(const Coefficient& coefficient, int terms, const Vector<double>* u,
                                            Vector<double>* values) {
    Vector<double> twice[many], newer[many], older[many];
    for (int v = 0; v < many; ++v) {
        twice[v] = u[v] + u[v];
        newer[v] = coefficient(v, terms - 1);
        older[v] = Vector<double>{};
    }
    for (int k = terms - 2; k > 0; --k)
        for (int v = 0; v < many; ++v) {
            const Vector<double> next = multiply_add<double>(twice[v], newer[v], coefficient(v, k) - older[v]);
            older[v] = newer[v];
            newer[v] = next;
        }
    for (int v = 0; v < many; ++v)
        values[v] = terms == 1 ? newer[v] : multiply_add<double>(u[v], newer[v], coefficient(v, 0) - older[v]);
}

// One series for all lanes.
template <int many>
[[gnu::always_inline]] inline void clenshaw(const double* series, int terms, const Vector<double>* u,
                                            Vector<double>* values) {
    clenshaw<many>([series](int, int k) { return broadcast(series[k]); }, terms, u, values);
}

}  // namespace faltung::FALTUNG_LEVEL

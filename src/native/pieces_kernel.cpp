// Series of pieces at many points: the inner loops of continuous convolution.
#include "clenshaw.hpp"
#include "pieces_kernel.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

constexpr int together = 4;  // vectors in flight
constexpr int group = together * lanes<double>;

// One group of points, wherever they lie.
void group_values(const PiecesView& f, const double* points, double* values) {
    const double* series[group];
    double place[group];
    bool same = true;
    for (int l = 0; l < group; ++l) {
        const int i = locate(f, points[l]);
        series[l] = f.piece(i);
        place[l] = f.place(i, points[l]);
        same = same && series[l] == series[0];
    }
    Vector<double> u[together], found[together];
    for (int v = 0; v < together; ++v) u[v] = load(place + v * lanes<double>);
    if (same) {
        clenshaw<together>(series[0], f.terms, u, found);
    } else {
        const auto each = [&](int v, int k) {
            Vector<double> c{};
            for (int l = 0; l < lanes<double>; ++l) c[l] = series[v * lanes<double> + l][k];
            return c;
        };
        clenshaw<together>(each, f.terms, u, found);
    }
    for (int v = 0; v < together; ++v) store(place + v * lanes<double>, found[v]);
    for (int l = 0; l < group; ++l) {
        const double x = points[l];
        const double value = x < f.edges[0] || x > f.edges[f.count] ? 0 : place[l];
        values[l] = x == x ? value : x;
    }
}

void values(const PiecesView& f, const double* points, std::ptrdiff_t count, double* results) {
    std::ptrdiff_t k = 0;
    for (; k + group <= count; k += group) group_values(f, points + k, results + k);
    if (k == count) return;
    double last[group] = {}, found[group];
    for (std::ptrdiff_t l = 0; l < count - k; ++l) last[l] = points[k + l];
    group_values(f, last, found);
    for (std::ptrdiff_t l = 0; l < count - k; ++l) results[k + l] = found[l];
}

template <int many>
[[gnu::always_inline]] inline void sample(const Sampled& f, const double* nodes, Vector<double>* found) {
    Vector<double> u[many];
    for (int v = 0; v < many; ++v)
        u[v] = multiply_add<double>(broadcast(f.half), load(nodes + v * lanes<double>), broadcast(f.centre));
    clenshaw<many>(f.series, f.terms, u, found);
}

double total(Vector<double> sum) {
    double all = 0;
    for (int l = 0; l < lanes<double>; ++l) all += sum[l];
    return all;
}

template <int many>
[[gnu::always_inline]] inline void add_products(const Sampled& f, const Sampled& g, const double* nodes,
                                                const double* weights, Vector<double>& sum) {
    Vector<double> one[many], two[many];
    sample<many>(f, nodes, one);
    sample<many>(g, nodes, two);
    for (int v = 0; v < many; ++v)
        sum = multiply_add<double>(load(weights + v * lanes<double>) * one[v], two[v], sum);
}

double product(const Sampled& f, const Sampled& g, const double* nodes, const double* weights, int count) {
    Vector<double> sum{};
    int k = 0;
    for (; k + group <= count; k += group) add_products<together>(f, g, nodes + k, weights + k, sum);
    for (; k < count; k += lanes<double>) add_products<1>(f, g, nodes + k, weights + k, sum);
    return total(sum);
}

template <int many>
[[gnu::always_inline]] inline void add_weighted(const Sampled& f, const double* nodes, const double* weights,
                                                Vector<double>& sum) {
    Vector<double> found[many];
    sample<many>(f, nodes, found);
    for (int v = 0; v < many; ++v) sum = multiply_add<double>(load(weights + v * lanes<double>), found[v], sum);
}

double weighted_sum(const Sampled& f, const double* nodes, const double* weights, int count) {
    Vector<double> sum{};
    int k = 0;
    for (; k + group <= count; k += group) add_weighted<together>(f, nodes + k, weights + k, sum);
    for (; k < count; k += lanes<double>) add_weighted<1>(f, nodes + k, weights + k, sum);
    return total(sum);
}

template <int many>
[[gnu::always_inline]] inline void store_values(const Sampled& f, const double* nodes, double* results) {
    Vector<double> found[many];
    sample<many>(f, nodes, found);
    for (int v = 0; v < many; ++v) store(results + v * lanes<double>, found[v]);
}

void sample_all(const Sampled& f, const double* nodes, int count, double* results) {
    int k = 0;
    for (; k + group <= count; k += group) store_values<together>(f, nodes + k, results + k);
    for (; k < count; k += lanes<double>) store_values<1>(f, nodes + k, results + k);
}

template <int many>
[[gnu::always_inline]] inline void add_group(const Stretch& f, const double* points, double* totals) {
    const Vector<double> low = broadcast(f.low), high = broadcast(f.high), width = broadcast(f.high - f.low);
    Vector<double> u[many], found[many];
    for (int v = 0; v < many; ++v) {
        const Vector<double> t = load(points + v * lanes<double>);
        u[v] = ((t - low) - (high - t)) / width;
    }
    clenshaw<many>(f.series, f.terms, u, found);
    for (int v = 0; v < many; ++v) store(totals + v * lanes<double>, load(totals + v * lanes<double>) + found[v]);
}

void add(const Stretch& f, const double* points, std::ptrdiff_t count, double* totals) {
    std::ptrdiff_t k = 0;
    for (; k + group <= count; k += group) add_group<together>(f, points + k, totals + k);
    for (; k + lanes<double> <= count; k += lanes<double>) add_group<1>(f, points + k, totals + k);
    if (k == count) return;
    double last[lanes<double>], sums[lanes<double>];
    for (int l = 0; l < lanes<double>; ++l) {
        last[l] = k + l < count ? points[k + l] : f.low;
        sums[l] = k + l < count ? totals[k + l] : 0;
    }
    add_group<1>(f, last, sums);
    for (std::ptrdiff_t l = 0; l < count - k; ++l) totals[k + l] = sums[l];
}

}  // namespace

const PiecesKernel pieces_kernel{values, product, weighted_sum, sample_all, add};

}  // namespace faltung::FALTUNG_LEVEL

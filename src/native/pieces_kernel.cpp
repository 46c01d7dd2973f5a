// Series of pieces at many points: the inner loops of continuous convolution.
#include <cstdint>
#include <cstring>

#include "clenshaw.hpp"
#include "pieces_kernel.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

constexpr int together = 4;  // vectors in flight
constexpr int group = together * lanes<double>;

// 0 beyond the edges; what is no number stays none.
[[gnu::always_inline]] inline double bounded(const PiecesView& f, double x, double value) {
    const double inside = x < f.edges[0] || x > f.edges[f.count] ? 0 : value;
    return x == x ? inside : x;
}

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
    for (int l = 0; l < group; ++l) values[l] = bounded(f, points[l], place[l]);
}

// As they come, each lane with the series of its own point.
void scattered_values(const PiecesView& f, const double* points, std::ptrdiff_t count, double* results) {
    std::ptrdiff_t k = 0;
    for (; k + group <= count; k += group) group_values(f, points + k, results + k);
    if (k == count) return;
    double last[group] = {}, found[group];
    for (std::ptrdiff_t l = 0; l < count - k; ++l) last[l] = points[k + l];
    group_values(f, last, found);
    for (std::ptrdiff_t l = 0; l < count - k; ++l) results[k + l] = found[l];
}

constexpr int most_sorted = 1024, most_to_sort_by = 32, least_on_a_piece = 16;

// As `locate`, of many points: edge by edge, as they are few.
void locate_all(const PiecesView& f, const double* points, int count, std::int64_t* pieces) {
    int k = 0;
    for (; k + lanes<double> <= count; k += lanes<double>) {
        const Vector<double> x = load(points + k);
        auto edges = x < x;  // none
        for (int i = 1; i < f.count; ++i) edges += x >= broadcast(f.edges[i]);
        const auto piece = -edges;
        std::memcpy(pieces + k, &piece, sizeof piece);
    }
    for (; k < count; ++k) pieces[k] = locate(f, points[k]);
}

template <int many>
[[gnu::always_inline]] inline void values_on(const PiecesView& f, int piece, double* points) {
    const Vector<double> low = broadcast(f.edges[piece]), high = broadcast(f.edges[piece + 1]);
    const Vector<double> width = broadcast(f.width(piece));
    Vector<double> u[many], found[many];
    for (int v = 0; v < many; ++v) {
        const Vector<double> x = load(points + v * lanes<double>);
        u[v] = ((x - low) - (high - x)) / width;
    }
    clenshaw<many>(f.piece(piece), f.terms, u, found);
    for (int v = 0; v < many; ++v) store(points + v * lanes<double>, found[v]);
}

// Of one piece, in the place of the points; whole vectors.
void replace_by_values(const PiecesView& f, int piece, double* points, int count) {
    int k = 0;
    for (; k + group <= count; k += group) values_on<together>(f, piece, points + k);
    for (; k < count; k += lanes<double>) values_on<1>(f, piece, points + k);
}

// Where the points lie in runs of one piece each, as ascending ones do.
void values_of_runs(const PiecesView& f, const double* points, const std::int64_t* pieces, int count, double* results) {
    double run[most_sorted + lanes<double>] = {};
    for (int k = 0, end; k < count; k = end) {
        for (end = k; end < count && pieces[end] == pieces[k];) ++end;
        std::memcpy(run, points + k, static_cast<std::size_t>(end - k) * sizeof(double));
        replace_by_values(f, static_cast<int>(pieces[k]), run, end - k);
        for (int l = k; l < end; ++l) results[l] = bounded(f, points[l], run[l - k]);
    }
}

// Brought together by piece first, so that all lanes of a vector share a series.
void sorted_values(const PiecesView& f, const double* points, int count, double* results) {
    std::int64_t pieces[most_sorted];
    locate_all(f, points, count, pieces);
    bool ascending = true;
    for (int k = 1; k < count; ++k) ascending &= pieces[k - 1] <= pieces[k];
    if (ascending) return values_of_runs(f, points, pieces, count, results);
    int next[most_to_sort_by] = {}, begin[most_to_sort_by + 1] = {}, slots[most_sorted];
    double sorted[most_sorted + most_to_sort_by * lanes<double>] = {};
    for (int k = 0; k < count; ++k) ++next[pieces[k]];
    for (int i = 0; i < f.count; ++i) {
        const int vectors = (next[i] + lanes<double> - 1) / lanes<double>;
        begin[i + 1] = begin[i] + vectors * lanes<double>;
        next[i] = begin[i];
    }
    for (int k = 0; k < count; ++k) sorted[slots[k] = next[pieces[k]]++] = points[k];
    for (int i = 0; i < f.count; ++i) replace_by_values(f, i, sorted + begin[i], begin[i + 1] - begin[i]);
    for (int k = 0; k < count; ++k) results[k] = bounded(f, points[k], sorted[slots[k]]);
}

void values(const PiecesView& f, const double* points, std::ptrdiff_t count, double* results) {
    std::ptrdiff_t k = 0;
    while (f.count > 1 && f.count <= most_to_sort_by && count - k >= least_on_a_piece * f.count) {
        const int some = static_cast<int>(count - k < most_sorted ? count - k : most_sorted);
        sorted_values(f, points + k, some, results + k);
        k += some;
    }
    scattered_values(f, points + k, count - k, results + k);
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

// Functions made of pieces, on heap buffers of exactly the right size, so that the address
// sanitizer sees one number too many. Values are compared with sums in long double.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <random>

#include "check.hpp"
#include "legendre.hpp"
#include "merging.hpp"
#include "pieces.hpp"

namespace faltung {
namespace {

std::mt19937 engine(3);

double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine); }

// A function with memory of its own.
struct Made {
    std::vector<double> edges, series;
    int count, terms;

    PiecesView view() const { return {edges.data(), series.data(), count, terms}; }
};

Made made(int count, int terms) {
    Made f{{uniform(-1, 1)}, {}, count, terms};
    for (int i = 0; i < count; ++i) f.edges.push_back(f.edges.back() + uniform(0.2, 2));
    for (int k = 0; k < count * terms; ++k) f.series.push_back(uniform(-1, 1));
    return f;
}

long double polynomial(const double* series, int terms, long double u) {
    long double newer = 0, older = 0;
    for (int k = terms - 1; k > 0; --k) {
        const long double next = series[k] + 2 * u * newer - older;
        older = newer;
        newer = next;
    }
    return series[0] + u * newer - older;
}

long double value(const Made& f, long double x) {
    if (x < f.edges.front() || x > f.edges.back()) return 0;
    std::size_t i = 0;
    while (i + 2 < f.edges.size() && f.edges[i + 1] <= x) ++i;
    const long double low = f.edges[i], high = f.edges[i + 1];
    return polynomial(f.series.data() + i * static_cast<std::size_t>(f.terms), f.terms,
                      (x - low - (high - x)) / (high - low));
}

// Nodes and weights of Gauss-Legendre quadrature on [-1, 1], by Newton's method.
struct Gauss {
    std::vector<double> nodes, weights;
};

long double legendre(int n, long double x, long double* slope) {
    long double older = 1, newer = x;
    if (n == 0) return *slope = 0, 1;
    for (int k = 2; k <= n; ++k) {
        const long double next = ((2 * k - 1) * x * newer - (k - 1) * older) / k;
        older = newer;
        newer = next;
    }
    *slope = n * (x * newer - older) / (x * x - 1);
    return newer;
}

Gauss gauss(int count) {
    Gauss rule;
    for (int k = 0; k < count; ++k) {
        long double x = -std::cos(std::numbers::pi_v<long double> * (k + 0.75L) / (count + 0.5L)), slope = 1;
        for (int step = 0; step < 20; ++step) x -= legendre(count, x, &slope) / slope;
        legendre(count, x, &slope);
        rule.nodes.push_back(static_cast<double>(x));
        rule.weights.push_back(static_cast<double>(2 / ((1 - x * x) * slope * slope)));
    }
    return rule;
}

// The integral of f(x) g(t - x), between all edges.
long double convolution(const Made& f, const Made& g, double t) {
    const Gauss rule = gauss((f.terms + g.terms) / 2 + 1);
    std::vector<long double> cuts;
    for (const double edge : f.edges) cuts.push_back(edge);
    for (const double edge : g.edges) cuts.push_back(static_cast<long double>(t) - edge);
    std::sort(cuts.begin(), cuts.end());
    long double sum = 0;
    for (std::size_t c = 0; c + 1 < cuts.size(); ++c)
        for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
            const long double half = (cuts[c + 1] - cuts[c]) / 2, x = cuts[c] + half * (1 + rule.nodes[k]);
            sum += half * rule.weights[k] * value(f, x) * value(g, t - x);
        }
    return sum;
}

std::vector<double> points_over(const Made& f, const Made& g, int count) {
    std::vector<double> points;
    const double low = f.edges.front() + g.edges.front(), high = f.edges.back() + g.edges.back();
    for (int k = 0; k < count; ++k) points.push_back(uniform(low, high));
    std::sort(points.begin(), points.end());
    return points;
}

bool never() { return false; }

std::string described(const char* what, const Made& f, Level level) {
    return std::string(what) + ", " + std::to_string(f.count) + " pieces of " + std::to_string(f.terms) +
           " terms, level " + std::to_string(static_cast<int>(level));
}

void test_values(Level level, int count, int terms, int points, int threads) {
    const Made f = made(count, terms);
    std::vector<double> x, found(static_cast<std::size_t>(points));
    for (int k = 0; k < points; ++k) x.push_back(uniform(f.edges.front() - 0.5, f.edges.back() + 0.5));
    if (points > 3) x[0] = f.edges.front(), x[1] = f.edges.back(), x[2] = NAN, x[3] = INFINITY;
    check(piece_values(f.view(), x.data(), points, found.data(), level, threads, never), "values, not interrupted");
    bool close = true;
    for (std::size_t k = 0; k < x.size(); ++k)
        close = close && (std::isnan(x[k]) ? std::isnan(found[k])
                                           : std::abs(found[k] - value(f, x[k])) < 1e-13L * terms * terms);
    check(close, described("values", f, level));
}

// Matrices by columns, as the core takes them.
struct Tables {
    Gauss rule;
    std::vector<double> projection, points, analysis, conversion;

    explicit Tables(int terms) : rule(gauss(terms)) {
        for (const double node : rule.nodes)
            for (int k = 0; k < terms; ++k) {
                long double slope = 0;
                const std::size_t column = projection.size() / static_cast<std::size_t>(terms);
                projection.push_back(
                    static_cast<double>((k + 0.5L) * legendre(k, node, &slope) * rule.weights[column]));
            }
        add_analysis(terms, analysis, points);
        std::vector<double> matrix, nodes;
        add_analysis(2 * terms, matrix, nodes);
        for (int k = 0; k < 2 * terms; ++k)
            for (int row = 0; row < 2 * terms; ++row) {
                long double sum = 0, slope = 0;
                for (std::size_t p = 0; p < nodes.size(); ++p)
                    sum += matrix[p * nodes.size() + static_cast<std::size_t>(row)] * legendre(k, nodes[p], &slope);
                conversion.push_back(static_cast<double>(sum));
            }
    }

    static void add_analysis(int count, std::vector<double>& matrix, std::vector<double>& nodes) {
        for (int p = 0; p < count; ++p) {
            const double angle = std::numbers::pi * (count - p - 0.5) / count;
            nodes.push_back(std::cos(angle));
            for (int k = 0; k < count; ++k) matrix.push_back((k == 0 ? 1.0 : 2.0) / count * std::cos(k * angle));
        }
    }
};

void test_convolution(Level level, const Made& f, const Made& g, int threads) {
    const Operand one(f.view()), two(g.view());
    const std::vector<double> t = points_over(f, g, 60);
    const auto count = static_cast<std::ptrdiff_t>(t.size());
    const Gauss rule = gauss((f.terms + g.terms) / 2);
    std::vector<double> found(t.size()), totals(t.size());
    check(convolution_values(one, two, {rule.nodes.data(), rule.weights.data(), static_cast<int>(rule.nodes.size())},
                             t.data(), count, found.data(), level, threads, never), "quadrature, not interrupted");
    const Tables made_tables(f.terms);
    const LegendreTables tables{{made_tables.rule.nodes.data(), made_tables.rule.weights.data(), f.terms},
                                made_tables.projection.data(), made_tables.points.data(),
                                made_tables.analysis.data(), made_tables.conversion.data(), f.terms};
    const std::ptrdiff_t pairs = 3 * static_cast<std::ptrdiff_t>(f.count) * g.count;
    std::vector<double> low(static_cast<std::size_t>(pairs)), high(low.size());
    std::vector<double> series(low.size() * 2 * static_cast<std::size_t>(f.terms));
    const PairPolynomials polynomials{low.data(), high.data(), series.data(), pairs, 2 * f.terms};
    check(pair_polynomials(one, two, tables, polynomials, level, threads, never), "pairs, not interrupted");
    check(add_polynomials(polynomials, t.data(), count, totals.data(), level, threads, never), "not interrupted");
    bool close = true, same = true;
    for (std::size_t k = 0; k < t.size(); ++k) {
        const long double exact = convolution(f, g, t[k]), room = 1e-14L * f.terms * g.terms * (f.count + g.count);
        close = close && std::abs(found[k] - exact) < room;
        same = same && std::abs(totals[k] - exact) < room;
    }
    check(close, described("quadrature", f, level));
    check(same, described("Legendre recurrences", f, level));
}

// One polynomial cut into pieces becomes one again; across a seam that is closed it does not.
void test_merging(Level level, int planes, int count, int terms) {
    std::vector<double> polynomial_of_all, edges{-1}, series, matrix, nodes;
    for (int k = 0; k < planes * (terms - 8); ++k) polynomial_of_all.push_back(uniform(-1, 1));
    for (int i = 0; i < count; ++i) edges.push_back(edges.back() + 2.0 / count);
    Tables::add_analysis(terms, matrix, nodes);
    std::vector<double> rows(matrix.size());
    for (int k = 0; k < terms; ++k)
        for (int p = 0; p < terms; ++p)
            rows[static_cast<std::size_t>(k * terms + p)] = matrix[static_cast<std::size_t>(p * terms + k)];
    for (int plane = 0; plane < planes; ++plane)
        for (int i = 0; i < count; ++i)
            for (int k = 0; k < terms; ++k) {
                long double sum = 0;
                for (int p = 0; p < terms; ++p) {
                    const double x = edges[static_cast<std::size_t>(i)] + (1 + nodes[static_cast<std::size_t>(p)]) / count;
                    sum += rows[static_cast<std::size_t>(k * terms + p)] *
                           polynomial(polynomial_of_all.data() + plane * (terms - 8), terms - 8, x);
                }
                series.push_back(static_cast<double>(sum));
            }
    const auto places = std::make_unique<bool[]>(edges.size());
    const auto alone = std::make_unique<bool[]>(static_cast<std::size_t>(count));
    const auto kept = std::make_unique<bool[]>(edges.size());
    std::fill_n(places.get(), edges.size(), true);
    places[1] = false;
    merge_pieces({edges.data(), series.data(), places.get(), alone.get(), count, planes, terms}, nodes.data(),
                 rows.data(), {1e-12, 1e-12}, kept.get(), level);
    check(std::count(kept.get(), kept.get() + edges.size(), true) == std::min(count, 2) + 1 && kept[1], "all but a seam joined");
    bool close = true;
    for (int plane = 0; plane < planes; ++plane)
        for (const double x : {-0.9999, 0.1, 0.9}) {
            const int i = count > 1 && x > edges[1] ? 1 : 0;
            const double low = edges[static_cast<std::size_t>(i)], high = i == 1 || count == 1 ? 1 : edges[1];
            const long double found = polynomial(series.data() + (plane * count + i) * terms, terms, (2 * x - low - high) / (high - low));
            close = close && std::abs(found - polynomial(polynomial_of_all.data() + plane * (terms - 8), terms - 8, x)) < 1e-11L;
        }
    check(close, "unions have the polynomial's values");
}

void test(Level level) {
    for (const int points : {0, 1, 7, 64, 20000}) test_values(level, 5, 9, points, 1);
    test_values(level, 1, 1, 40, 1);
    test_values(level, 300, 24, 50000, 3);
    for (const auto& [count, terms] : {std::pair{1, 1}, {2, 2}, {4, 7}, {3, 24}}) {
        const Made f = made(count, terms);
        test_convolution(level, f, made(3, terms), 1);
        test_convolution(level, f, f, 2);
    }
    for (const int planes : {1, 2})
        for (const int count : {1, 2, 3, 8, 21}) test_merging(level, planes, count, 24);
    test_merging(level, 1, 40, 31);
    Made sparse = made(3, 6);
    for (std::size_t k = 6; k < 12; ++k) sparse.series[k] = 0;
    test_convolution(level, sparse, made(2, 6), 1);
}

}  // namespace
}  // namespace faltung

int main() {
    // Without AVX-512 the widest level is the wide tile in narrower instructions.
    for (std::size_t k = 0; k < faltung::level_names.size(); ++k)
        if (faltung::supported(static_cast<faltung::Level>(k)) || faltung::level_names[k] == "x86-64-v4")
            faltung::test(static_cast<faltung::Level>(k));
    return report();
}

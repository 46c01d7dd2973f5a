// What Python sees of functions made of pieces.
#include <nanobind/nanobind.h>

#include <limits>
#include <string>

#include "arguments.hpp"
#include "bindings.hpp"
#include "merging.hpp"
#include "pieces.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

constexpr std::ptrdiff_t most_pieces = std::ptrdiff_t{1} << 28;
constexpr std::ptrdiff_t most_terms = 1 << 14;

const ArrayView doubles(nb::handle object, int dimensions, const char* what) {
    const ArrayView view = view_of(object, what);
    if (view.element != Element::float64 || view.parts != 1)
        throw nb::type_error((std::string(what) + " must be of float64").c_str());
    require(view.dimensions == dimensions && view.contiguous && view.aligned,
            (std::string(what) + " must be C-contiguous, aligned, and of the right dimension").c_str());
    return view;
}

const double* numbers(const ArrayView& view) { return reinterpret_cast<const double*>(view.data); }

double* writable(const ArrayView& view) {
    require(view.writable, "the output must be writable");
    return reinterpret_cast<double*>(view.data);
}

PiecesView pieces_of(nb::handle edges, nb::handle series) {
    const ArrayView places = doubles(edges, 1, "edges"), rows = doubles(series, 2, "series");
    require(rows.shape[0] >= 1 && rows.shape[0] < most_pieces, "at least one piece is needed");
    require(rows.shape[1] >= 1 && rows.shape[1] < most_terms, "too few or too many coefficients");
    require(places.shape[0] == rows.shape[0] + 1, "one edge more than pieces is needed");
    return {numbers(places), numbers(rows), static_cast<int>(rows.shape[0]), static_cast<int>(rows.shape[1])};
}

Rule rule_of(nb::handle nodes, nb::handle weights) {
    const ArrayView places = doubles(nodes, 1, "nodes"), factors = doubles(weights, 1, "weights");
    require(places.shape[0] == factors.shape[0] && places.shape[0] >= 1 && places.shape[0] <= 2 * most_terms,
            "as many weights as nodes are needed, at least one");
    return {numbers(places), numbers(factors), static_cast<int>(places.shape[0])};
}

const double* matrix_of(nb::handle object, std::ptrdiff_t size, const char* what) {
    const ArrayView view = doubles(object, 2, what);
    require(view.shape[0] == size && view.shape[1] == size, (std::string(what) + " has the wrong size").c_str());
    return numbers(view);
}

template <class Run>
void without_lock(const Run& run) {
    bool complete = false;
    {
        const nb::gil_scoped_release released;
        complete = run();
    }
    if (!complete) throw nb::python_error();
}

void bound_values(nb::handle edges, nb::handle series, nb::handle points, nb::handle values, int level,
                  int threads) {
    const PiecesView f = pieces_of(edges, series);
    const ArrayView from = doubles(points, 1, "points"), to = doubles(values, 1, "values");
    require(from.shape[0] == to.shape[0], "as many values as points are needed");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    double* const results = writable(to);
    without_lock([&] {
        return piece_values(f, numbers(from), from.shape[0], results, checked, threads, signals_pending);
    });
}

void bound_series_values(nb::handle series, nb::handle rows, nb::handle places, nb::handle values, int level) {
    const ArrayView all = doubles(series, 2, "series"), u = doubles(places, 2, "places");
    const ArrayView which = view_of(rows, "rows"), to = doubles(values, 2, "values");
    require(all.shape[0] < most_pieces && all.shape[1] >= 1 && all.shape[1] < most_terms, "too few or too many coefficients");
    if (which.element != Element::int64) throw nb::type_error("rows must be of int64");
    require(which.dimensions == 1 && which.contiguous && which.aligned && which.shape[0] == u.shape[0],
            "one row for each line of places is needed");
    require(u.shape[0] == to.shape[0] && u.shape[1] == to.shape[1], "as many values as places are needed");
    const auto* indices = reinterpret_cast<const std::int64_t*>(which.data);
    for (std::ptrdiff_t k = 0; k < which.shape[0]; ++k)
        require(indices[k] >= 0 && indices[k] < all.shape[0], "a row is out of range");
    const Level checked = check_level(level);
    const PiecesView f{nullptr, numbers(all), static_cast<int>(all.shape[0]), static_cast<int>(all.shape[1])};
    double* const results = writable(to);
    const nb::gil_scoped_release released;
    series_values(f, indices, u.shape[0], numbers(u), u.shape[1], results, checked);
}

void bound_convolution_values(nb::handle edges, nb::handle series, nb::handle other_edges, nb::handle other_series,
                              nb::handle nodes, nb::handle weights, nb::handle points, nb::handle values, int level,
                              int threads) {
    const Operand f(pieces_of(edges, series)), g(pieces_of(other_edges, other_series));
    const Rule rule = rule_of(nodes, weights);
    const ArrayView from = doubles(points, 1, "points"), to = doubles(values, 1, "values");
    require(from.shape[0] == to.shape[0], "as many values as points are needed");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    double* const results = writable(to);
    without_lock([&] {
        return convolution_values(f, g, rule, numbers(from), from.shape[0], results, checked, threads,
                                  signals_pending);
    });
}

PairPolynomials polynomials_of(nb::handle low, nb::handle high, nb::handle series) {
    const ArrayView from = doubles(low, 1, "low"), to = doubles(high, 1, "high"), rows = doubles(series, 2, "polynomials");
    require(from.shape[0] == to.shape[0] && from.shape[0] == rows.shape[0] && rows.shape[1] < 2 * most_terms,
            "one low end, high end and series for each polynomial is needed");
    return {reinterpret_cast<double*>(from.data), reinterpret_cast<double*>(to.data),
            reinterpret_cast<double*>(rows.data), rows.shape[0], static_cast<int>(rows.shape[1])};
}

void bound_pair_polynomials(nb::handle edges, nb::handle series, nb::handle other_edges, nb::handle other_series,
                            nb::handle nodes, nb::handle weights, nb::handle projection, nb::handle chebyshev,
                            nb::handle analysis, nb::handle conversion, nb::handle low, nb::handle high,
                            nb::handle polynomials, int level, int threads) {
    const Operand f(pieces_of(edges, series)), g(pieces_of(other_edges, other_series));
    require(f.terms == g.terms, "the operands differ in their terms");
    const ArrayView points = doubles(chebyshev, 1, "chebyshev");
    const LegendreTables tables{rule_of(nodes, weights), matrix_of(projection, f.terms, "projection"), numbers(points),
                                matrix_of(analysis, f.terms, "analysis"),
                                matrix_of(conversion, 2 * f.terms, "conversion"), f.terms};
    require(tables.rule.padded() >= f.terms && points.shape[0] >= f.terms, "too few nodes");
    for (const nb::handle output : {low, high, polynomials}) writable(view_of(output, "output"));
    const PairPolynomials result = polynomials_of(low, high, polynomials);
    require(result.count == 3 * static_cast<std::ptrdiff_t>(f.count) * g.count && result.terms == 2 * f.terms,
            "three polynomials for each pair are needed, with the terms of both");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    without_lock([&] { return pair_polynomials(f, g, tables, result, checked, threads, signals_pending); });
}

void bound_add_polynomials(nb::handle low, nb::handle high, nb::handle polynomials, nb::handle points,
                           nb::handle totals, int level, int threads) {
    const PairPolynomials given = polynomials_of(low, high, polynomials);
    const ArrayView from = doubles(points, 1, "points"), to = doubles(totals, 1, "totals");
    require(from.shape[0] == to.shape[0], "as many totals as points are needed");
    require(threads >= 1, "at least one thread is needed");
    const Level checked = check_level(level);
    double* const results = writable(to);
    without_lock([&] {
        return from.shape[0] == 0 || add_polynomials(given, numbers(from), from.shape[0], results, checked, threads,
                                                     signals_pending);
    });
}

bool* truths(nb::handle object, std::ptrdiff_t count, const char* what) {
    const ArrayView view = view_of(object, what);
    if (view.element != Element::boolean) throw nb::type_error((std::string(what) + " must be of bool").c_str());
    require(view.dimensions == 1 && view.contiguous && view.shape[0] == count,
            (std::string(what) + " must be contiguous, and of the right length").c_str());
    return reinterpret_cast<bool*>(view.data);
}

void bound_merge_pieces(nb::handle edges, nb::handle series, nb::handle seams, nb::handle alone, nb::handle points,
                        nb::handle analysis, double size, double mass, nb::handle kept, int level) {
    const ArrayView places = doubles(edges, 1, "edges"), rows = doubles(series, 3, "series");
    const std::ptrdiff_t pieces = rows.shape[1], terms = rows.shape[2];
    require(rows.shape[0] == 1 || rows.shape[0] == 2, "series must have one plane or two");
    require(pieces >= 1 && pieces < most_pieces, "at least one piece is needed");
    require(terms >= 1 && terms < most_terms, "too few or too many coefficients");
    require(places.shape[0] == pieces + 1, "one edge more than pieces is needed");
    const ArrayView nodes = doubles(points, 1, "points");
    require(nodes.shape[0] == terms, "as many points as coefficients are needed");
    writable(view_of(kept, "kept"));
    const MergedPieces all{numbers(places), writable(rows), truths(seams, pieces + 1, "seams"),
                           truths(alone, pieces, "alone"), pieces, static_cast<int>(rows.shape[0]), static_cast<int>(terms)};
    merge_pieces(all, numbers(nodes), matrix_of(analysis, terms, "analysis"), {size, mass},
                 truths(kept, pieces + 1, "kept"), check_level(level));
}

}  // namespace

void bind_pieces(nb::module_& module) {
    module.def("piece_values", &bound_values, nb::arg("edges"), nb::arg("series"), nb::arg("points"),
               nb::arg("values"), nb::arg("level"), nb::arg("threads"),
               "values[k] = sum over m of series[i, m] T_m at points[k], in the piece i where it lies; 0 beyond.");
    module.def("series_values", &bound_series_values, nb::arg("series"), nb::arg("rows"), nb::arg("places"),
               nb::arg("values"), nb::arg("level"),
               "values[k, c] = sum over m of series[rows[k], m] T_m(places[k, c]).");
    module.def("convolution_values", &bound_convolution_values, nb::arg("edges"), nb::arg("series"),
               nb::arg("other_edges"), nb::arg("other_series"), nb::arg("nodes"), nb::arg("weights"),
               nb::arg("points"), nb::arg("values"), nb::arg("level"), nb::arg("threads"),
               "values[k] = the convolution at points[k], by the rule between all edges.");
    module.def("merge_pieces", &bound_merge_pieces, nb::arg("edges"), nb::arg("series"), nb::arg("seams"),
               nb::arg("alone"), nb::arg("points"), nb::arg("analysis"), nb::arg("size"), nb::arg("mass"),
               nb::arg("kept"), nb::arg("level"),
               "Joins pieces, series (planes, pieces, terms), across seams while what their last coefficients hold\n"
               "stays below size and, times the width, mass; kept says which edges are left.");
    module.def("pair_polynomials", &bound_pair_polynomials, nb::arg("edges"), nb::arg("series"),
               nb::arg("other_edges"), nb::arg("other_series"), nb::arg("nodes"), nb::arg("weights"),
               nb::arg("projection"), nb::arg("chebyshev"), nb::arg("analysis"), nb::arg("conversion"),
               nb::arg("low"), nb::arg("high"), nb::arg("polynomials"), nb::arg("level"), nb::arg("threads"),
               "Three polynomials for each pair of pieces, whose sum is the convolution.");
    module.def("add_polynomials", &bound_add_polynomials, nb::arg("low"), nb::arg("high"), nb::arg("polynomials"),
               nb::arg("points"), nb::arg("totals"), nb::arg("level"), nb::arg("threads"),
               "totals[k] += the sum of the polynomials that lie over points[k], points ascending.");
}

}  // namespace faltung

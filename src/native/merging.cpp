#include "merging.hpp"

#include <algorithm>
#include <cmath>

#include "pieces.hpp"

namespace faltung {
namespace {

// Pieces are joined with neighbours that are not much wider or narrower.
constexpr double most_unequal = 8;
// The last terms show whether a series is resolved; a piece of more than all but so many has no room to grow.
constexpr int last_terms = 3, room = 6;
// The integral changes by no more than so many times what is negligible.
constexpr double change_of_integral = 4;

class Merger {
public:
    Merger(const MergedPieces& pieces, const double* points, const double* analysis, const Resolution& limit, bool* kept,
           Level level)
        : pieces_(pieces), points_(points), analysis_(analysis), limit_(limit), kept_(kept), level_(level),
          next_(size(pieces.pieces)), before_(size(pieces.pieces)), room_(size(pieces.pieces)),
          places_(size(pieces.terms)), values_(size(pieces.terms)),
          grown_(size(pieces.pieces), -1) {
        std::fill_n(kept, pieces.pieces + 1, true);
        for (std::ptrdiff_t i = 0; i < pieces.pieces; ++i) {
            next_[size(i)] = i + 1;
            before_[size(i)] = i - 1;
            room_[size(i)] = has_room(i);
        }
    }

    void run() {
        std::vector<std::ptrdiff_t> open;  // seams, each the piece on its right
        for (std::ptrdiff_t i = 1; i < pieces_.pieces; ++i)
            if (pieces_.seams[i]) open.push_back(i);
        while (!open.empty()) {
            std::vector<Union> good;
            for (const std::ptrdiff_t seam : open) try_union(seam, good);
            if (good.empty()) return;
            std::stable_sort(good.begin(), good.end(), [](const Union& a, const Union& b) { return a.width < b.width; });
            open.clear();
            for (const Union& found : good)
                if (join(found)) {
                    add_seam(open, found.left);
                    if (next_[size(found.left)] < pieces_.pieces) add_seam(open, next_[size(found.left)]);
                }
            std::sort(open.begin(), open.end());
            open.erase(std::unique(open.begin(), open.end()), open.end());
            open.erase(std::remove_if(open.begin(), open.end(), [&](std::ptrdiff_t seam) { return !kept_[seam]; }),
                       open.end());
            ++round_;
        }
    }

private:
    struct Union {
        std::ptrdiff_t left, right;
        double width;
        std::vector<double> series;  // of all planes
    };

    static std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }

    void add_seam(std::vector<std::ptrdiff_t>& open, std::ptrdiff_t seam) const {
        if (seam > 0 && pieces_.seams[seam]) open.push_back(seam);
    }

    double low(std::ptrdiff_t piece) const { return pieces_.edges[piece]; }
    double high(std::ptrdiff_t piece) const { return pieces_.edges[next_[size(piece)]]; }
    double* series(std::ptrdiff_t piece, int plane) const {
        return pieces_.series + (plane * pieces_.pieces + piece) * pieces_.terms;
    }

    bool resolved(double last, double width) const { return last <= limit_.size && last * width <= limit_.mass; }

    // The largest of the last coefficients; `apart`: from one plane's series to the other's.
    double largest(const double* first, std::ptrdiff_t apart, int last) const {
        double most = 0;
        for (int k = std::max(pieces_.terms - last, 0); k < pieces_.terms; ++k)
            most = std::max(most, pieces_.planes == 1 ? std::abs(first[k]) : std::hypot(first[k], first[apart + k]));
        return most;
    }

    bool has_room(std::ptrdiff_t piece) const {
        return resolved(largest(series(piece, 0), pieces_.pieces * pieces_.terms, room), high(piece) - low(piece));
    }

    double integral(const double* coefficients, double width) const {
        double sum = 0;
        for (int k = 0; k < pieces_.terms; k += 2) sum += coefficients[k] * (2 / (1 - static_cast<double>(k) * k));
        return sum * width / 2;
    }

    void try_union(std::ptrdiff_t seam, std::vector<Union>& good) {
        const std::ptrdiff_t left = before_[size(seam)], right = seam;
        const double one = high(left) - low(left), two = high(right) - low(right);
        if (pieces_.alone[left] || pieces_.alone[right] || !room_[size(left)] || !room_[size(right)] ||
            std::max(one, two) > most_unequal * std::min(one, two))
            return;
        Union found{left, right, high(right) - low(left), std::vector<double>(size(pieces_.planes * pieces_.terms))};
        double change = 0;
        for (int plane = 0; plane < pieces_.planes; ++plane) {
            double* const united = found.series.data() + plane * pieces_.terms;
            unite(left, right, plane, united);
            change = std::hypot(change, integral(united, found.width) - integral(series(left, plane), one) -
                                            integral(series(right, plane), two));
        }
        if (resolved(largest(found.series.data(), pieces_.terms, last_terms), found.width) &&
            change <= change_of_integral * limit_.mass)
            good.push_back(std::move(found));
    }

    void unite(std::ptrdiff_t left, std::ptrdiff_t right, int plane, double* united) {
        const double begin = low(left), end = high(right), middle = low(right);
        std::ptrdiff_t count = 0;  // of points in the left piece
        for (int i = 0; i < pieces_.terms; ++i) {
            const double x = begin + (end - begin) * ((1 + points_[i]) / 2);
            if (x < middle) ++count;
            const std::ptrdiff_t piece = x < middle ? left : right;
            places_[size(i)] = ((x - low(piece)) - (high(piece) - x)) / (high(piece) - low(piece));
        }
        const PiecesView all{nullptr, series(0, plane), static_cast<int>(pieces_.pieces), pieces_.terms};
        const std::int64_t rows[] = {left, right};
        series_values(all, rows, 1, places_.data(), count, values_.data(), level_);
        series_values(all, rows + 1, 1, places_.data() + count, pieces_.terms - count, values_.data() + count, level_);
        for (int k = 0; k < pieces_.terms; ++k) {
            double sum = 0;
            for (int i = 0; i < pieces_.terms; ++i) sum += analysis_[k * pieces_.terms + i] * values_[size(i)];
            united[k] = sum;
        }
    }

    // Unless one of the two has been joined in this round.
    bool join(const Union& found) {
        if (!kept_[found.left] || !kept_[found.right] || next_[size(found.left)] != found.right || grown(found.left) ||
            grown(found.right))
            return false;
        const std::ptrdiff_t after = next_[size(found.right)];
        for (int plane = 0; plane < pieces_.planes; ++plane)
            std::copy_n(found.series.data() + plane * pieces_.terms, pieces_.terms, series(found.left, plane));
        kept_[found.right] = false;
        next_[size(found.left)] = after;
        if (after < pieces_.pieces) before_[size(after)] = found.left;
        room_[size(found.left)] = has_room(found.left);
        grown_[size(found.left)] = round_;
        return true;
    }

    bool grown(std::ptrdiff_t piece) const { return grown_[size(piece)] == round_; }

    const MergedPieces& pieces_;
    const double *points_, *analysis_;
    Resolution limit_;
    bool* kept_;
    Level level_;
    std::vector<std::ptrdiff_t> next_, before_;  // pieces, of those that are left
    std::vector<char> room_;
    std::vector<double> places_, values_;
    std::vector<int> grown_;  // in which round
    int round_ = 0;
};

}  // namespace

void merge_pieces(const MergedPieces& pieces, const double* points, const double* analysis, const Resolution& limit,
                  bool* kept, Level level) {
    Merger(pieces, points, analysis, limit, kept, level).run();
}

}  // namespace faltung

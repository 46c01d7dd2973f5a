// A kernel of many filters in the order in which register tiles read it.
#pragma once

#include <algorithm>
#include <vector>

#include "buffer.hpp"
#include "channel_product_kernel.hpp"
#include "direct_geometry.hpp"
#include "threads.hpp"

namespace faltung {

// A kernel as it comes: filters of all groups, and the axes that each of them sums over.
template <class T>
struct FilterBank {
    struct Axis {
        std::ptrdiff_t count, step;  // in elements
    };
    const T* data;
    std::ptrdiff_t groups, filters, filter_step;  // filters of each group
    std::vector<Axis> axes;                       // channels, then taps

    [[nodiscard]] std::ptrdiff_t terms() const {
        std::ptrdiff_t product = 1;
        for (const Axis& axis : axes) product *= axis.count;
        return product;
    }
};

// What the lanes of a vector are.
enum class Lanes { filters, positions };

// Filters first .. first + count - 1 of a group; `width` weights for each term.
struct Panel {
    std::ptrdiff_t first;
    int count, width;
};

template <class T>
class PackedWeights {
public:
    PackedWeights(const FilterBank<T>& bank, Lanes lanes, Level level, int threads, const Interrupted& interrupted);

    [[nodiscard]] bool complete() const { return complete_; }  // false if it was interrupted
    [[nodiscard]] bool finite() const { return finite_; }
    [[nodiscard]] Level level() const { return level_; }
    [[nodiscard]] Lanes lanes() const { return lanes_; }
    [[nodiscard]] std::ptrdiff_t groups() const { return groups_; }
    [[nodiscard]] std::ptrdiff_t filters() const { return filters_; }  // of each group
    [[nodiscard]] std::ptrdiff_t terms() const { return terms_; }

    [[nodiscard]] std::ptrdiff_t panels() const { return static_cast<std::ptrdiff_t>(panels_.size()); }
    [[nodiscard]] const Panel& panel(std::ptrdiff_t index) const { return panels_[static_cast<std::size_t>(index)]; }
    [[nodiscard]] const T* weights(std::ptrdiff_t group, const Panel& panel) const {
        return data_ + group * group_pitch_ + panel.first * terms_;
    }

    [[nodiscard]] bool far() const { return groups_ * group_pitch_ * std::ptrdiff_t{sizeof(T)} > most_near_bytes; }

private:
    bool pack(const FilterBank<T>& bank, std::ptrdiff_t group, const Panel& panel, T* to) const;

    Level level_;
    Lanes lanes_;
    std::ptrdiff_t groups_, filters_, terms_, group_pitch_;
    std::vector<Panel> panels_;
    Buffer<T> memory_;
    T* data_;
    bool finite_ = true, complete_ = true;
};

}  // namespace faltung

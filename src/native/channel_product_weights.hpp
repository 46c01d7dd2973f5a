// A kernel of many filters in the order in which register tiles read it.
#pragma once

#include <algorithm>
#include <vector>

#include "buffer.hpp"
#include "channel_product_kernel.hpp"
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

// Filters first .. first + count - 1 of a group, in `vectors` vectors.
struct Panel {
    std::ptrdiff_t first;
    int count, vectors;
};

template <class T>
class PackedWeights {
public:
    PackedWeights(const FilterBank<T>& bank, Level level, int threads, const Interrupted& interrupted);

    [[nodiscard]] bool complete() const { return complete_; }  // false if it was interrupted
    [[nodiscard]] bool finite() const { return finite_; }
    [[nodiscard]] Level level() const { return level_; }
    [[nodiscard]] std::ptrdiff_t groups() const { return groups_; }
    [[nodiscard]] std::ptrdiff_t filters() const { return filters_; }  // of each group
    [[nodiscard]] std::ptrdiff_t terms() const { return terms_; }

    [[nodiscard]] std::ptrdiff_t panels() const { return (filters_ + width() - 1) / width(); }
    [[nodiscard]] Panel panel(std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index * width(), count = std::min(width(), filters_ - first);
        return {first, static_cast<int>(count), count > lanes_ ? 2 : 1};
    }
    [[nodiscard]] const T* weights(std::ptrdiff_t group, const Panel& panel) const {
        return data_ + (group * padded_filters() + panel.first) * terms_;
    }

private:
    [[nodiscard]] std::ptrdiff_t width() const { return 2 * lanes_; }
    [[nodiscard]] std::ptrdiff_t padded_filters() const { return (filters_ + lanes_ - 1) / lanes_ * lanes_; }
    bool pack(const FilterBank<T>& bank, std::ptrdiff_t group, const Panel& panel, T* to) const;

    Level level_;
    std::ptrdiff_t groups_, filters_, terms_, lanes_;
    Buffer<T> memory_;
    T* data_;
    bool finite_ = true, complete_ = true;
};

}  // namespace faltung

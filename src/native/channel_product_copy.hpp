// Samples of one channel as a block of outputs reads them: every position that may be read has its
// place, also beyond the edges.
#pragma once

#include <algorithm>
#include <vector>

#include "channel_product_blocks.hpp"
#include "channel_product_kernel.hpp"

namespace faltung {

template <class T>
class Copy {
public:
    Copy(const ChannelProductKernel<T>& kernel, const std::vector<CopiedAxis>& axes, T fill)
        : kernel_(kernel), axes_(axes), fill_(fill) {}

    // `rows` elements of the first axis, from `first` on.
    void run(const T* from, std::ptrdiff_t first, std::ptrdiff_t rows, T* to) const {
        if (axes_.size() == 1)
            copy_lines(from, 0, 1, first, first + rows, to);
        else
            copy(0, from, first, first + rows, to);
    }

private:
    // Return where the copy ends.
    T* copy(std::size_t i, const T* from, std::ptrdiff_t first, std::ptrdiff_t end, T* to) const {
        const std::ptrdiff_t* const sources = axes_[i].sources.data();
        for (std::ptrdiff_t row = first; row < end;) {
            std::ptrdiff_t rows = 1;
            if (sources[row] == absent) {
                to = fill(i + 1, to);
            } else if (i + 2 < axes_.size()) {
                to = copy(i + 1, from + sources[row], 0, axes_[i + 1].extent(), to);
            } else {  // lines as far apart as the first two are copied together
                while (row + rows < end && sources[row + rows] == sources[row] + rows * axes_[i].step) ++rows;
                copy_lines(from + sources[row], axes_[i].step, rows, 0, axes_[i + 1].extent(), to);
                to += rows * axes_[i + 1].extent();
            }
            row += rows;
        }
        return to;
    }

    // Places first .. end - 1 of each line.
    void copy_lines(const T* from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t first,
                    std::ptrdiff_t end, T* to) const {
        const CopiedAxis& axis = axes_.back();
        for (std::size_t phase = 0; phase < axis.inside.size(); ++phase) {
            const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(phase) * axis.extent_of_phase;
            const std::ptrdiff_t from_place = std::max(first, start), to_place = std::min(end, start + axis.extent_of_phase);
            if (from_place >= to_place) continue;
            const auto place = [&](std::ptrdiff_t at) { return std::clamp(at, from_place, to_place) - from_place; };
            kernel_.copy({axis.sources.data() + from_place, place(axis.inside[phase].from), place(axis.inside[phase].to),
                          to_place - from_place, axis.step, fill_},
                         from, apart, count, to + from_place - first, end - first);
        }
    }

    T* fill(std::size_t i, T* to) const {
        std::ptrdiff_t count = 1;
        for (; i < axes_.size(); ++i) count *= axes_[i].extent();
        return std::fill_n(to, count, fill_);
    }

    const ChannelProductKernel<T>& kernel_;
    const std::vector<CopiedAxis>& axes_;
    T fill_;
};

}  // namespace faltung

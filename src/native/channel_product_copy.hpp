// Samples of one channel as a block of outputs reads them: every position that may be read has its
// place, also beyond the edges.
#pragma once

#include <algorithm>
#include <vector>

#include "channel_product_blocks.hpp"
#include "channel_product_kernel.hpp"

namespace faltung {

// What a copy finds already filled, by those before it in the same memory.
struct Filled {
    bool columns, rows;  // places beyond the last axis's edges; beyond those of the others
};

// How a block's samples are copied, for any channel: found out once, as small maps take no longer.
template <class T>
class Copy {
public:
    // `rows` elements of the first axis, from `first` on.
    Copy(const ChannelProductKernel<T>& kernel, const std::vector<CopiedAxis>& axes, T fill, Filled filled,
         std::ptrdiff_t first, std::ptrdiff_t rows)
        : kernel_(kernel), axes_(axes), fill_(fill), filled_(filled) {
        if (axes_.size() == 1)
            add_lines(0, 0, 1, first, first + rows);
        else
            add(0, 0, first, first + rows);
    }

    void run(const T* from, const Channels& channels, T* to) const {
        for (const Lines& lines : lines_) kernel_.copy(lines.lines, channels, from + lines.from, to + lines.to);
        for (std::ptrdiff_t channel = 0; channel < channels.count; ++channel)
            for (const Gap& gap : gaps_) std::fill_n(to + channel * channels.to_apart + gap.to, gap.count, fill_);
    }

private:
    struct Lines {
        CopiedLines<T> lines;
        std::ptrdiff_t from, to;
    };
    struct Gap {
        std::ptrdiff_t to, count;
    };

    void add(std::size_t i, std::ptrdiff_t from, std::ptrdiff_t first, std::ptrdiff_t end) {
        const std::ptrdiff_t* const sources = axes_[i].sources.data();
        for (std::ptrdiff_t row = first; row < end;) {
            std::ptrdiff_t rows = 1;
            if (sources[row] == absent) {
                add_gap(i + 1);
            } else if (i + 2 < axes_.size()) {
                add(i + 1, from + sources[row], 0, axes_[i + 1].extent());
            } else {  // lines as far apart as the first two are copied together
                while (row + rows < end && sources[row + rows] == sources[row] + rows * axes_[i].step) ++rows;
                add_lines(from + sources[row], axes_[i].step, rows, 0, axes_[i + 1].extent());
            }
            row += rows;
        }
    }

    // Places first .. end - 1 of each line.
    void add_lines(std::ptrdiff_t from, std::ptrdiff_t apart, std::ptrdiff_t count, std::ptrdiff_t first,
                   std::ptrdiff_t end) {
        const CopiedAxis& axis = axes_.back();
        for (std::size_t phase = 0; phase < axis.inside.size(); ++phase) {
            const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(phase) * axis.extent_of_phase;
            const std::ptrdiff_t from_place = std::max(first, start), to_place = std::min(end, start + axis.extent_of_phase);
            if (from_place >= to_place) continue;
            const auto place = [&](std::ptrdiff_t at) { return std::clamp(at, from_place, to_place); };
            const std::ptrdiff_t inside = place(axis.inside[phase].from), after = place(axis.inside[phase].to);
            const std::ptrdiff_t left = filled_.columns ? inside : from_place;
            const std::ptrdiff_t right = filled_.columns ? after : to_place;
            lines_.push_back({{axis.sources.data() + left, inside - left, after - left, right - left, axis.step, fill_,
                               count, apart, end - first},
                              from, to_ + left - first});
        }
        to_ += count * (end - first);
    }

    void add_gap(std::size_t i) {
        std::ptrdiff_t count = 1;
        for (; i < axes_.size(); ++i) count *= axes_[i].extent();
        if (!filled_.rows) gaps_.push_back({to_, count});
        to_ += count;
    }

    const ChannelProductKernel<T>& kernel_;
    const std::vector<CopiedAxis>& axes_;
    T fill_;
    Filled filled_;
    std::vector<Lines> lines_;
    std::vector<Gap> gaps_;
    std::ptrdiff_t to_ = 0;  // where the copy ends
};

}  // namespace faltung

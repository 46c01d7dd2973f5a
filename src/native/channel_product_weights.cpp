#include "channel_product_weights.hpp"

#include <atomic>

namespace faltung {
namespace {

// The innermost axes whose elements stand one `step` apart, as one axis.
template <class T>
typename FilterBank<T>::Axis merge_innermost(std::vector<typename FilterBank<T>::Axis>& axes) {
    typename FilterBank<T>::Axis run = axes.back();
    axes.pop_back();
    while (!axes.empty() && (axes.back().count == 1 || run.count == 1 || axes.back().step == run.step * run.count)) {
        if (run.count == 1) run.step = axes.back().step;
        run.count *= axes.back().count;
        axes.pop_back();
    }
    return run;
}

// Elements from the start of index `i` in the order of `axes`, the last one fastest.
template <class Axes>
std::ptrdiff_t element(const Axes& axes, std::ptrdiff_t i) {
    std::ptrdiff_t at = 0;
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
        at += i % axis->count * axis->step;
        i /= axis->count;
    }
    return at;
}

}  // namespace

template <class T>
PackedWeights<T>::PackedWeights(const FilterBank<T>& bank, Lanes lanes, Level level, int threads,
                                const Interrupted& interrupted)
    : level_(level), lanes_(lanes), groups_(bank.groups), filters_(bank.filters), terms_(bank.terms()) {
    const ChannelProductKernel<T>& kernel = channel_product_kernel_for<T>(level);
    const int in_vector = kernel.lanes;
    const std::ptrdiff_t most = lanes == Lanes::filters ? 2 * in_vector : kernel.most_filters;
    const std::ptrdiff_t unit = lanes == Lanes::filters ? in_vector : 1;
    for (std::ptrdiff_t first = 0; first < filters_; first += most) {
        const std::ptrdiff_t count = std::min(most, filters_ - first);
        panels_.push_back({first, static_cast<int>(count), static_cast<int>(round_up(count, unit))});
    }
    group_pitch_ = round_up(filters_, unit) * terms_;
    data_ = memory_.reserve(groups_ * group_pitch_);
    std::atomic<bool> finite{true};
    const auto pack_panel = [&](std::ptrdiff_t index, int) {
        const std::ptrdiff_t group = index / panels();
        const Panel one = panel(index % panels());
        if (!pack(bank, group, one, data_ + (weights(group, one) - data_))) finite = false;
    };
    complete_ = parallel_for(groups_ * panels(), threads, pack_panel, interrupted);
    finite_ = finite;
}

template <class T>
bool PackedWeights<T>::pack(const FilterBank<T>& bank, std::ptrdiff_t group, const Panel& panel, T* to) const {
    const ChannelProductKernel<T>& kernel = channel_product_kernel_for<T>(level_);
    const T* const from = bank.data + (group * filters_ + panel.first) * bank.filter_step;
    const int width = panel.width;
    auto outer = bank.axes;
    const auto run = merge_innermost<T>(outer);
    bool finite = true;
    for (std::ptrdiff_t i = 0; i < terms_ / run.count; ++i) {
        Rows<T> rows{from + element(outer, i), bank.filter_step, run.step, run.count};
        T* first = to + i * run.count * width;
        std::ptrdiff_t step = width;
        if (run.step == -1) {  // a flipped kernel is read forward and written backward
            rows.first -= run.count - 1;
            rows.step = 1;
            first += (run.count - 1) * width;
            step = -width;
        }
        finite &= kernel.interleave(rows, panel.count, width, first, step);
    }
    return finite;
}

template class PackedWeights<float>;
template class PackedWeights<double>;

}  // namespace faltung

#include "channel_product_axes.hpp"

namespace faltung {
namespace {

using Steps = std::vector<std::ptrdiff_t>;

bool follow(const Axis& outer, const Axis& inner, std::ptrdiff_t outer_output_step, std::ptrdiff_t inner_output_step) {
    return outer.is_batch() && inner.is_batch() && outer.step == inner.step * inner.length &&
           outer_output_step == inner_output_step * inner.outputs;
}

void join(std::vector<Axis>& axes, Steps& output_steps) {
    for (std::size_t i = axes.size(); i-- > 1;) {
        if (!follow(axes[i - 1], axes[i], output_steps[i - 1], output_steps[i])) continue;
        axes[i].length = axes[i].outputs = axes[i - 1].length * axes[i].length;
        axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(i) - 1);
        output_steps.erase(output_steps.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    }
}

void put_before(std::vector<Axis>& axes, Steps& output_steps, const Axis& axis, std::ptrdiff_t output_step) {
    axes.insert(axes.begin(), axis);
    output_steps.insert(output_steps.begin(), output_step);
}

// The rows that a line is cut into; it is left with a vector's positions.
Axis cut_rows(Axis& line, std::ptrdiff_t lanes) {
    Axis rows;
    if (!line.is_batch() || line.length % lanes != 0) return rows;
    rows.length = rows.outputs = line.length / lanes;
    rows.step = line.step * lanes;
    line.length = line.outputs = lanes;
    return rows;
}

}  // namespace

void arrange_axes(std::vector<Axis>& axes, Steps& output_steps, std::ptrdiff_t lanes) {
    join(axes, output_steps);
    if (axes.empty()) put_before(axes, output_steps, {}, 1);
    if (lanes == 1 || axes.size() > 1) return;
    const Axis rows = cut_rows(axes[0], lanes);
    put_before(axes, output_steps, rows, output_steps[0] * lanes);
}

}  // namespace faltung

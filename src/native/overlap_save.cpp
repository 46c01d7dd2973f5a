// Groups over threads, and the memory they need: the part that no instruction set changes.
#include "overlap_save.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace faltung {
namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// One piece per worker. Lines of the cache are 64 bytes, so are the widest vectors.
class Scratch {
public:
    Scratch(std::size_t bytes_each, int workers)
        : stride_((bytes_each + 63) / 64 * 64 + 64),  // an odd number of lines apart
          memory_(std::aligned_alloc(64, stride_ * static_cast<std::size_t>(workers))) {
        if (!memory_) throw std::bad_alloc();
    }
    void* of(int worker) const {
        return static_cast<std::byte*>(memory_.get()) + stride_ * static_cast<std::size_t>(worker);
    }

private:
    std::size_t stride_;
    std::unique_ptr<void, Free> memory_;
};

std::ptrdiff_t product(const std::ptrdiff_t* shape, int from, int to) {
    std::ptrdiff_t count = 1;
    for (int i = from; i < to; ++i) count *= shape[i];
    return count;
}

}  // namespace

template <class T>
void Lines<T>::count_blocks(std::ptrdiff_t outputs_in_block) {
    inner = product(shape, axis + 1, rank);
    blocks_in_line = output_length / outputs_in_block + (output_length % outputs_in_block != 0);
    block_count = product(shape, 0, axis) * blocks_in_line * inner;
}

template <class T>
bool overlap_save(const BlockFilter<T>& filter, Lines<T> lines, Level level, int threads,
                  const Interrupted& interrupted) {
    const FilterView<T> view{filter.taps.data(), static_cast<int>(filter.taps.size()), filter.length,
                             filter.twiddles.data(), filter.spectrum.data(), filter.spectrum_exponent,
                             filter.sum_exponent};
    lines.count_blocks(view.length - view.count + 1);
    if (lines.block_count == 0) return true;
    const int bytes = FALTUNG_DISPATCH(level, vector_bytes());
    const std::ptrdiff_t blocks_in_group = 2 * bytes / static_cast<int>(sizeof(T));
    const std::ptrdiff_t groups = (lines.block_count - 1) / blocks_in_group + 1;
    const auto workers = static_cast<int>(std::min<std::ptrdiff_t>(threads, groups));
    const Scratch scratch(2 * static_cast<std::size_t>(view.length) * static_cast<std::size_t>(bytes), workers);
    const Task task = [&](std::ptrdiff_t group, int worker) {
        FALTUNG_DISPATCH(level, overlap_save_group(view, lines, group, scratch.of(worker)));
    };
    return parallel_for(groups, workers, task, interrupted);
}

template struct Lines<float>;
template struct Lines<double>;
template bool overlap_save(const BlockFilter<float>&, Lines<float>, Level, int, const Interrupted&);
template bool overlap_save(const BlockFilter<double>&, Lines<double>, Level, int, const Interrupted&);

}  // namespace faltung

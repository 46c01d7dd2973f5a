// Scratch memory that one thread uses again and again: grows, never shrinks, keeps no contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace faltung {

template <class T>
class Buffer {
public:
    T* reserve(std::ptrdiff_t count) {
        if (count > capacity_) {
            memory_.reset();
            capacity_ = 0;
            memory_ = std::make_unique_for_overwrite<std::byte[]>(
                static_cast<std::size_t>(count) * sizeof(T) + alignment);
            capacity_ = count;
        }
        return aligned();
    }

private:
    // Aligned by hand: the aligned operator new takes several times as long.
    static constexpr std::size_t alignment = 64;
    T* aligned() const {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
        return reinterpret_cast<T*>(memory_.get() + (alignment - address % alignment) % alignment);
    }

    std::unique_ptr<std::byte[]> memory_;
    std::ptrdiff_t capacity_ = 0;
};

}  // namespace faltung

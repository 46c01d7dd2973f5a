// Scratch memory that one thread uses again and again: grows, never shrinks, keeps no contents.
// Small contents lie in the buffer itself, as allocating takes longer than a small problem.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace faltung {

template <class T, std::size_t bytes_inside = 256>
class Buffer {
public:
    Buffer() {}  // leaves the bytes as they are
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    T* reserve(std::ptrdiff_t count) {
        if (count > capacity_) {
            memory_.reset();
            capacity_ = inside;
            memory_ = std::make_unique_for_overwrite<std::byte[]>(
                static_cast<std::size_t>(count) * sizeof(T) + alignment);
            capacity_ = count;
        }
        return aligned(memory_ ? memory_.get() : inside_);
    }

private:
    static constexpr std::ptrdiff_t inside = bytes_inside / sizeof(T);
    // Aligned by hand: the aligned operator new takes several times as long.
    static constexpr std::size_t alignment = 64;
    static T* aligned(std::byte* memory) {
        const auto address = reinterpret_cast<std::uintptr_t>(memory);
        return reinterpret_cast<T*>(memory + (alignment - address % alignment) % alignment);
    }

    std::unique_ptr<std::byte[]> memory_;
    std::ptrdiff_t capacity_ = inside;
    std::byte inside_[bytes_inside + alignment];
};

}  // namespace faltung

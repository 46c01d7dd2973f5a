// Scratch memory that one thread uses again and again: grows, never shrinks, keeps no contents.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace faltung {

template <class T>
class Buffer {
public:
    T* reserve(std::ptrdiff_t count) {
        if (count > capacity_) {
            memory_.reset();
            capacity_ = 0;
            memory_.reset(static_cast<T*>(::operator new(static_cast<std::size_t>(count) * sizeof(T), alignment)));
            capacity_ = count;
        }
        return memory_.get();
    }
    [[nodiscard]] T* data() const { return memory_.get(); }

private:
    static constexpr std::align_val_t alignment{64};
    struct Free {
        void operator()(T* memory) const { ::operator delete(memory, alignment); }
    };
    std::unique_ptr<T, Free> memory_;
    std::ptrdiff_t capacity_ = 0;
};

}  // namespace faltung

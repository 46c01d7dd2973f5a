// Instruction sets: which this build holds, which this processor runs.
#pragma once

#include <array>
#include <string_view>

namespace faltung {

#ifdef FALTUNG_X86
enum class Level { v2, v3, v4 };
inline constexpr std::array<std::string_view, 3> level_names{"x86-64-v2", "x86-64-v3", "x86-64-v4"};
#else
enum class Level { baseline };
inline constexpr std::array<std::string_view, 1> level_names{"baseline"};
#endif

[[nodiscard]] bool supported(Level level);

}  // namespace faltung

// Calls `call` in the namespace that was compiled for `level`: FALTUNG_DISPATCH(level, run(a, b)).
#ifdef FALTUNG_X86
#define FALTUNG_DISPATCH(level, call)                         \
    ((level) == ::faltung::Level::v4   ? ::faltung::v4::call  \
     : (level) == ::faltung::Level::v3 ? ::faltung::v3::call  \
                                       : ::faltung::v2::call)
#else
#define FALTUNG_DISPATCH(level, call) (static_cast<void>(level), ::faltung::baseline::call)
#endif

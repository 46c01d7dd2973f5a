#include "dispatch.hpp"

namespace faltung {

bool supported(Level level) {
#ifdef FALTUNG_X86
    switch (level) {
        case Level::v4: return __builtin_cpu_supports("x86-64-v4") != 0;
        case Level::v3: return __builtin_cpu_supports("x86-64-v3") != 0;
        case Level::v2: return __builtin_cpu_supports("x86-64-v2") != 0;
    }
#endif
    static_cast<void>(level);
    return true;
}

}  // namespace faltung

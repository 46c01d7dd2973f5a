// The least that a test program needs: count, say what failed, close with a line.
#pragma once

#include <cstdio>
#include <string>

inline int passed = 0, failed = 0;

inline void check(bool holds, const std::string& what) {
    ++(holds ? passed : failed);
    if (!holds) std::printf("failed: %s\n", what.c_str());
}

inline int report() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

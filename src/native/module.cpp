// faltung._native._core: what Python sees of the native core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "bindings.hpp"
#include "dispatch.hpp"

namespace nb = nanobind;

namespace faltung {

static std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (supported(static_cast<Level>(i))) names.emplace_back(level_names[i]);
    return names;
}

}  // namespace faltung

NB_MODULE(_core, module) {
    module.doc() = "The native core: views in, nothing owned, nothing decided.";
    module.def("instruction_sets", &faltung::instruction_sets,
               "The instruction sets that this build holds and this processor runs, narrowest first.");
    faltung::bind_direct(module);
    faltung::bind_chain(module);
    faltung::bind_inner_product(module);
    faltung::bind_kernel_facts(module);
    faltung::bind_overlap_save(module);
    faltung::bind_pieces(module);
    faltung::bind_channel_product(module);
    faltung::bind_winograd(module);
}

// One binding file per kernel family; module.cpp calls them all.
#pragma once

#include <nanobind/nanobind.h>

namespace faltung {

void bind_direct(nanobind::module_& module);
void bind_chain(nanobind::module_& module);
void bind_inner_product(nanobind::module_& module);
void bind_kernel_facts(nanobind::module_& module);
void bind_overlap_save(nanobind::module_& module);
void bind_pieces(nanobind::module_& module);
void bind_channel_product(nanobind::module_& module);
void bind_winograd(nanobind::module_& module);

}  // namespace faltung

#pragma once

#include <span>

#include "bazaar/scenario/view_set.hpp"

namespace bazaar::scenario::thelook
{

[[nodiscard]] std::span<const view_set> views();

}  // namespace bazaar::scenario::thelook

#pragma once

#include <memory>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

/// The shop in twelve figures: orders by time, funnel, cohorts, categories, order values.
[[nodiscard]] std::unique_ptr<survey> shop_survey(const scenario& shop, time start, time end);

}  // namespace bazaar::scenario::thelook

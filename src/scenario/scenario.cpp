#include "bazaar/scenario/scenario.hpp"

#include <fmt/format.h>

namespace bazaar::scenario
{

plan_over::plan_over(unit_no no, std::string_view why)
    : error(error_kind::data, fmt::format("the plan ends here: there is no unit {}, as {}", no, why))
{
}

}  // namespace bazaar::scenario

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/capture/doctor.hpp"

namespace bazaar::capture
{

/// A finding by the code of its ailment, which the table has.
[[nodiscard]] finding make(std::string_view code, std::string subject, std::string wrong, std::vector<remedy> mend);

/// For people; below zero is nothing.
[[nodiscard]] std::string size(std::int64_t bytes);

}  // namespace bazaar::capture

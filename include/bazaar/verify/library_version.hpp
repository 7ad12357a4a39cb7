#pragma once

#include <string>

namespace bazaar::verify
{

/// Version of simdjson at compile time: "3.0.1".
[[nodiscard]] std::string library_version();

}  // namespace bazaar::verify

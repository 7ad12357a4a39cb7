#pragma once

#include <string>

namespace bazaar::verify
{

/// Of simdjson, as it was compiled in: "3.0.1".
[[nodiscard]] std::string library_version();

}  // namespace bazaar::verify

#pragma once

#include <string>
#include <string_view>

#include "bazaar/scenario/declared/conformance.hpp"

namespace bazaar::app
{

/// What `scenario show --distributions` prints of a file's distributions.
[[nodiscard]] std::string report_text(std::string_view name, const scenario::declared::conformance_request& of,
                                      const scenario::declared::conformance& found);
[[nodiscard]] std::string report_json(std::string_view name, const scenario::declared::conformance_request& of,
                                      const scenario::declared::conformance& found);

}  // namespace bazaar::app

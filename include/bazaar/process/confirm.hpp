#pragma once

#include <string>

namespace bazaar::process
{

/// Asks on the terminal before something is removed.
///
/// Errors: throws `usage` if there is no terminal to ask.
[[nodiscard]] bool confirmed(const std::string& question);

}  // namespace bazaar::process

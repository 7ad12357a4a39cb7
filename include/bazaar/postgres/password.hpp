#pragma once

#include <string>

namespace bazaar::postgres
{

/// The password that a file holds, without its line end. Errors: `no_input` when it cannot be read.
[[nodiscard]] std::string read_password(const std::string& path);

}  // namespace bazaar::postgres

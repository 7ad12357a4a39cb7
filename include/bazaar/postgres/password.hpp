#pragma once

#include <string>

namespace bazaar::postgres
{

/// The password in a file, without its line end. Errors: `no_input` if it cannot be read.
[[nodiscard]] std::string read_password(const std::string& path);

}  // namespace bazaar::postgres

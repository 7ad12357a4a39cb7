#pragma once

#include <string_view>

namespace bazaar::observe
{

/// Bytes of a file of web/ inside the program; empty when there is none of this name. Made by cmake/embed.cmake.
[[nodiscard]] std::string_view embedded(std::string_view name);

}  // namespace bazaar::observe

#pragma once

#include <yaml.h>

#include "bazaar/scenario/declared/problems.hpp"
#include "io/yaml_text.hpp"

namespace bazaar::io
{

[[nodiscard]] inline scenario::declared::mark mark_of(const yaml_mark_t& at) noexcept
{
    return {static_cast<std::uint32_t>(at.line + 1), static_cast<std::uint32_t>(at.column + 1)};
}

/// Tells why the parser stopped, in words that help who has written the file.
void tell_of_syntax(const yaml_parser_t& parser, const yaml_text& text, scenario::declared::problems& to);

}  // namespace bazaar::io

#pragma once

#include <yaml.h>

#include "bazaar/scenario/declared/problems.hpp"
#include "io/yaml_text.hpp"

namespace bazaar::io
{

/// libyaml sees one more line where a comment ends the file without a line feed.
[[nodiscard]] inline scenario::declared::mark mark_of(const yaml_mark_t& at, const yaml_text& text) noexcept
{
    if (at.line >= text.lines())
        return {static_cast<std::uint32_t>(text.lines()), 1};
    return {static_cast<std::uint32_t>(at.line + 1), static_cast<std::uint32_t>(at.column + 1)};
}

/// Tells why the parser stopped, in words that help who has written the file.
void tell_of_syntax(const yaml_parser_t& parser, const yaml_text& text, scenario::declared::problems& to);

}  // namespace bazaar::io

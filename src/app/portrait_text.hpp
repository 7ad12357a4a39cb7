#pragma once

#include <string>

#include "app/screen.hpp"
#include "bazaar/scenario/survey.hpp"

namespace bazaar::app
{

/// A portrait for a terminal, as lines that fit it; a wide table is cut on the right, and says so.
[[nodiscard]] std::string portrait_text(const scenario::portrait& of, const screen& on);

/// A portrait as one HTML document that needs nothing else: no script, no other file.
[[nodiscard]] std::string portrait_html(const scenario::portrait& of, const std::string& title);

}  // namespace bazaar::app

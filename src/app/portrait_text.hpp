#pragma once

#include <string>

#include "bazaar/scenario/survey.hpp"

namespace bazaar::app
{

/// A portrait for a terminal, as lines of at most 80 columns; a wide table of cohorts is cut on the right.
[[nodiscard]] std::string portrait_text(const scenario::portrait& of);

/// A portrait as one HTML document that needs nothing else: no script, no other file.
[[nodiscard]] std::string portrait_html(const scenario::portrait& of, const std::string& title);

}  // namespace bazaar::app

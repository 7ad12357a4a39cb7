#pragma once

#include <string>

#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// From now on, `as_given` knows where these values come from. Called once, before there are threads.
void name_sources(const options& opts);

/// The line of an error or of the log, in which a flag at fault is spelled as its value was given: "--card X: cannot be read" becomes
/// "BAZAARD_CARD=X in the environment: cannot be read". A flag is at fault where it begins the line, and where the line asks whether
/// it is right; advice to give a flag stays as it is.
[[nodiscard]] std::string as_given(std::string line);

}  // namespace bazaar::app

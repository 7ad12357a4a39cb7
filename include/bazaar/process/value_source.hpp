#pragma once

#include <functional>
#include <map>
#include <string>

namespace bazaar::process
{

/// A value that somebody gave, and where.
struct given_value
{
    std::string text;     ///< As it was typed; "***" for a secret.
    std::string origin;   ///< "command line", "environment BAZAARD_SEED" or "FILE:LINE".
    std::string blamed;   ///< How a message begins that is about it: "--seed 7", "BAZAARD_SEED=7 in the environment".
    std::string spelled;  ///< What stands for the flag there: "--seed", "BAZAARD_SEED", "seed in FILE:LINE".
};

/// From now on, `as_given` knows where these values of flags come from. Called once, before there are threads.
void name_sources(const std::map<std::string, given_value, std::less<>>& given);

/// The line of an error or of the log, in which a flag at fault is spelled as its value was given: "--card X: cannot be read" becomes
/// "BAZAARD_CARD=X in the environment: cannot be read". A flag is at fault where it begins the line, and where the line asks whether
/// it is right; advice to give a flag stays as it is.
[[nodiscard]] std::string as_given(std::string line);

}  // namespace bazaar::process

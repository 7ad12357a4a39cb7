#pragma once

#include <functional>
#include <map>
#include <string>

namespace bazaar::process
{

/// A value given by the user, and its source.
struct given_value
{
    std::string text;     ///< As it was typed; "***" for a secret.
    std::string origin;   ///< "command line", "environment BAZAARD_SEED" or "FILE:LINE".
    std::string blamed;   ///< Beginning of a message about it: "--seed 7", "BAZAARD_SEED=7 in the environment".
    std::string spelled;  ///< Name of the flag in that source: "--seed", "BAZAARD_SEED", "seed in FILE:LINE".
};

/// Tells `as_given` where these values of flags come from. To be called once, before there are threads.
void name_sources(const std::map<std::string, given_value, std::less<>>& given);

/// A line of an error or of the log, with the flag at fault replaced by the source of its value: "--card X: cannot be
/// read" becomes "BAZAARD_CARD=X in the environment: cannot be read". A flag is at fault if the line begins with it, or
/// asks whether it is right; advice to give a flag stays unchanged.
[[nodiscard]] std::string as_given(std::string line);

}  // namespace bazaar::process

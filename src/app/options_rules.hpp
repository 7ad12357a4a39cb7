#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/app/options_sources.hpp"

namespace bazaar::app
{

/// The values that hold, and what was found wrong so far.
struct verdict
{
    const std::vector<flag>& table;
    const surroundings& around;
    options made;
    command what = command::run;  ///< As it was typed; a flag may have `made` do another one.
    std::map<std::string, assignment, std::less<>> values{};  ///< Those that hold, by flag.
    flag plain{};               ///< Of words that belong to no flag: hidden where a secret may be among them.
    std::string config_file{};  ///< Empty: none.
    std::vector<std::string_view> refused{};  ///< Flags whose values were.
    std::vector<std::string> usage{};
    std::vector<std::string> no_input{};
    std::vector<std::string> config{};

    /// Where a mistake in a value from there is told.
    [[nodiscard]] std::vector<std::string>& mistakes(source from) { return from == source::file ? config : usage; }

    /// The value of a flag that holds; null where it was not given.
    [[nodiscard]] const assignment* effective(std::string_view flag_name) const;

    /// Whether a complaint about this flag, "--table", stands already.
    [[nodiscard]] bool complains_of(std::string_view flag_text) const;
};

/// What only several values together can violate.
void judge_together(verdict& of);

/// Warnings of what is right, but not wise.
void advise(verdict& of);

}  // namespace bazaar::app

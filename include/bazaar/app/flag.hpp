#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// A set of commands.
class command_set
{
public:
    constexpr command_set(std::initializer_list<command> members)
    {
        for (const auto member : members)
            bits_ |= 1U << static_cast<unsigned>(member);
    }

    [[nodiscard]] constexpr bool has(command member) const
    {
        return (bits_ >> static_cast<unsigned>(member) & 1U) != 0;
    }

private:
    unsigned bits_ = 0;
};

inline constexpr std::initializer_list<command> all_commands{
    command::run,     command::load,   command::init,   command::plan, command::answers,
    command::explain, command::card,   command::reset,  command::cdc,  command::connector,
    command::topics,  command::doctor, command::verify, command::ctl};

enum class flag_form : std::uint8_t
{
    value,   ///< `--name VALUE` or `--name=VALUE`
    toggle,  ///< `--name` or `--no-name`; elsewhere true or false.
    mark,    ///< `--name`; elsewhere true or false.
};

enum class flag_place : std::uint8_t
{
    anywhere,      ///< Command line, environment, configuration file.
    environment,   ///< Not in a file.
    command_line,  ///< Nowhere else.
};

enum class flag_secret : std::uint8_t
{
    none,
    whole,  ///< The value is never shown.
    url,    ///< The passwords inside the value are never shown.
};

/// One flag. Parser, help, docs/flags.md, environment name and configuration key are made from it.
struct flag
{
    std::string_view topic{};
    std::string_view name{};                  ///< Without dashes.
    std::vector<std::string_view> aliases{};  ///< Names of an older command line.
    std::string placeholder{};                ///< Of the value.
    std::string initial{};                    ///< Default, as a user would type it; empty: none.
    std::string initially{};                  ///< What happens without a value, where `initial` does not say it.
    std::string range{};                      ///< Sentence part: "from 1 to 64".
    std::string help{};
    command_set commands = {};
    flag_form form = flag_form::value;
    flag_place place = flag_place::anywhere;
    flag_secret secret = flag_secret::none;
    char letter = '\0';   ///< Of the short form.
    bool hidden = false;  ///< Not in help and documents.

    /// Sets the option; toggles and marks get "true" or "false". Returns what is wrong, or nothing; what is
    /// wrong changes nothing.
    std::function<std::string(options&, std::string_view)> set{};
};

/// So many units are the most that `plan` prints.
inline constexpr std::uint64_t plan_units_max = 1'000'000;

/// All flags in the order of the help; `fields` are the scenario's.
[[nodiscard]] std::vector<flag> flag_table(std::span<const scenario::field> fields);

/// The flag with this name or alias; null when there is none.
[[nodiscard]] const flag* find_flag(std::span<const flag> table, std::string_view name);

/// "BAZAARD_AVG_QPS" for "avg-qps".
[[nodiscard]] std::string environment_name(std::string_view flag_name);

/// The value as output may show it: secrets masked, control characters escaped, cut to one short line.
[[nodiscard]] std::string shown(const flag& which, std::string_view text);

/// The candidate that a typing mistake most likely meant; empty when none is near.
[[nodiscard]] std::string_view likely_meant(std::string_view typed, std::span<const std::string_view> candidates);

/// "run, plan and explain".
[[nodiscard]] std::string listed(command_set commands);

}  // namespace bazaar::app

#pragma once

#include <array>
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

inline constexpr std::initializer_list<command> all_commands{
    command::run,    command::load,  command::init,     command::plan,      command::answers, command::explain,
    command::card,   command::reset, command::cdc,      command::connector, command::topics,  command::doctor,
    command::verify, command::ctl,   command::scenario, command::views,     command::describe};

/// A command with its second word, for those that have one.
enum class verb : std::uint8_t
{
    cdc_setup,
    cdc_drop,
    connector_config,
    connector_register,
    connector_status,
    connector_pause,
    connector_resume,
    connector_delete,
    topics_ensure,
    topics_check,
    topics_delete,
    verify_tables,
    verify_topics,
    verify_events,
    verify_stream,
    ctl_status,
    ctl_health,
    ctl_pause,
    ctl_resume,
    ctl_drain,
    ctl_set,
    scenario_list,
    scenario_check,
    scenario_show,
    scenario_new,
    views_create,
    views_drop,
};

/// Verbs of a command, as the second word spells them; none for most.
struct verb_word
{
    command of;
    verb what;
    std::string_view word;
};
inline constexpr std::array<verb_word, 27> all_verbs{{
    {command::cdc, verb::cdc_setup, "setup"},
    {command::cdc, verb::cdc_drop, "drop"},
    {command::connector, verb::connector_config, "config"},
    {command::connector, verb::connector_register, "register"},
    {command::connector, verb::connector_status, "status"},
    {command::connector, verb::connector_pause, "pause"},
    {command::connector, verb::connector_resume, "resume"},
    {command::connector, verb::connector_delete, "delete"},
    {command::topics, verb::topics_ensure, "ensure"},
    {command::topics, verb::topics_check, "check"},
    {command::topics, verb::topics_delete, "delete"},
    {command::verify, verb::verify_tables, "tables"},
    {command::verify, verb::verify_topics, "topics"},
    {command::verify, verb::verify_events, "events"},
    {command::verify, verb::verify_stream, "stream"},
    {command::ctl, verb::ctl_status, "status"},
    {command::ctl, verb::ctl_health, "health"},
    {command::ctl, verb::ctl_pause, "pause"},
    {command::ctl, verb::ctl_resume, "resume"},
    {command::ctl, verb::ctl_drain, "drain"},
    {command::ctl, verb::ctl_set, "set"},
    {command::scenario, verb::scenario_list, "list"},
    {command::scenario, verb::scenario_check, "check"},
    {command::scenario, verb::scenario_show, "show"},
    {command::scenario, verb::scenario_new, "new"},
    {command::views, verb::views_create, "create"},
    {command::views, verb::views_drop, "drop"},
}};

/// A set of commands and of verbs of commands. A command stands for all its verbs.
class command_set
{
public:
    /// A command, or one verb of it.
    struct member
    {
        constexpr member(command what)
        {
            for (const auto& one : all_verbs)
                if (one.of == what)
                    bits |= bit_of(one.what);
            if (bits == 0)
                bits = std::uint64_t{1} << (32U + static_cast<unsigned>(what));
        }
        constexpr member(verb what) : bits(bit_of(what)) {}

        std::uint64_t bits = 0;
    };

    constexpr command_set() = default;
    constexpr command_set(std::initializer_list<command> members)
    {
        for (const auto one : members)
            bits_ |= member(one).bits;
    }
    constexpr command_set(std::initializer_list<member> members)
    {
        for (const auto& one : members)
            bits_ |= one.bits;
    }

    /// Whether the command, or one of its verbs, is in the set.
    [[nodiscard]] constexpr bool has(command what) const { return (bits_ & member(what).bits) != 0; }

    /// Whether the command and all its verbs are in the set.
    [[nodiscard]] constexpr bool has_all(command what) const
    {
        return (bits_ & member(what).bits) == member(what).bits;
    }

    [[nodiscard]] constexpr bool has(verb what) const { return (bits_ & bit_of(what)) != 0; }

    /// Whether the command with this second word is in the set; if the word is unknown, whether any of its verbs is.
    [[nodiscard]] constexpr bool has(command what, std::string_view word) const
    {
        for (const auto& one : all_verbs)
            if (one.of == what && one.word == word)
                return has(one.what);
        return has(what);
    }

    /// The union of both sets.
    [[nodiscard]] constexpr command_set with(command_set other) const
    {
        other.bits_ |= bits_;
        return other;
    }

private:
    static constexpr std::uint64_t bit_of(verb what) { return std::uint64_t{1} << static_cast<unsigned>(what); }

    std::uint64_t bits_ = 0;
};

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
    whole,      ///< The value is never shown.
    url,        ///< The passwords inside the value are never shown.
    name,       ///< A name: not shown if it may contain a password.
    user,       ///< A user name: not shown if it may contain a password, which would begin at a colon.
    host,       ///< A host: not shown if it may contain a password.
    reference,  ///< A reference to a secret: shown only if it is one, and not the secret itself.
};

/// One flag. Parser, help, docs/flags.md, environment name and configuration key are made from it.
struct flag
{
    std::string_view topic{};
    std::string_view name{};                  ///< Without dashes.
    std::vector<std::string_view> aliases{};  ///< Names in an older command line.
    std::string placeholder{};                ///< Placeholder of the value.
    std::string initial{};                    ///< Default, as a user would type it; empty: none.
    std::string initially{};                  ///< What happens without a value, if `initial` does not say it.
    std::string range{};                      ///< Part of a sentence: "from 1 to 64".
    std::string help{};
    command_set commands = {};
    flag_form form = flag_form::value;
    flag_place place = flag_place::anywhere;
    flag_secret secret = flag_secret::none;
    char letter = '\0';                   ///< Letter of the short form.
    bool hidden = false;                  ///< Not in help and documents.
    const scenario::entry* of = nullptr;  ///< The scenario whose field it is; null: it is for all scenarios.

    /// Sets the option; toggles and marks get "true" or "false". Returns what is wrong, or an empty text; an invalid
    /// value changes nothing.
    std::function<std::string(options&, std::string_view)> set{};
};

/// Maximum number of units that `plan` prints.
inline constexpr std::uint64_t plan_units_max = 1'000'000;

/// All flags in the order of the help, with the fields of these scenarios, which outlive them: first those of the
/// chosen scenario, which need not be in the list. If several flags have the same name, the first one is used.
[[nodiscard]] std::vector<flag> flag_table(std::span<const scenario::entry> scenarios, const scenario::entry& chosen);

/// The first flag with this name or alias; null if there is none.
[[nodiscard]] const flag* find_flag(std::span<const flag> table, std::string_view name);

/// "BAZAARD_AVG_QPS" for "avg-qps".
[[nodiscard]] std::string environment_name(std::string_view flag_name);

/// The value without secrets: "***" for anything that may be one, whichever flag it was given to.
[[nodiscard]] std::string without_secrets(const flag& which, std::string_view text);

/// Whether a text may be or contain a secret, whatever it was given to.
[[nodiscard]] bool holds_secret(std::string_view text);

/// The value as output may show it: secrets masked, control characters escaped, cut to one short line.
[[nodiscard]] std::string shown(const flag& which, std::string_view text);

/// An unknown flag or key as output may show it: only its beginning, as far as it can be a name. A password may have
/// been typed directly after a name.
[[nodiscard]] std::string shown_unknown(std::string_view typed, std::span<const flag> table);

/// Where the name of a secret in this word ends, spelled correctly or nearly so: the text after it may be the secret.
/// npos if there is no such name.
[[nodiscard]] std::size_t end_of_secret_name(std::string_view word, std::span<const flag> table);

/// Whether it is a reference, "${env:NAME}", which the worker of a connector replaces by a secret.
[[nodiscard]] bool is_reference(std::string_view text);

/// The text with an "x" for each reference in it.
[[nodiscard]] std::string without_references(std::string_view text);

/// The candidate that a mistyped word most likely means; empty if none is similar.
[[nodiscard]] std::string_view likely_meant(std::string_view typed, std::span<const std::string_view> candidates);

/// "run, plan and verify tables".
[[nodiscard]] std::string listed(command_set commands);

}  // namespace bazaar::app

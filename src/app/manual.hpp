#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/app/flag.hpp"

namespace bazaar::app
{

/// What the help says of a command.
struct about
{
    command what;
    std::string_view usage;
    std::string_view summary;
    std::string_view text;
};

/// Of all commands.
[[nodiscard]] std::span<const about> command_texts();

/// All spellings of a flag: "--db-host, --host", "--[no-]echo".
[[nodiscard]] std::string spellings(const flag& entry);

[[nodiscard]] std::string default_of(const flag& entry);

/// Spellings with the placeholder of the value.
[[nodiscard]] std::string term(const flag& entry);

/// Range and default, and what else is to be said: "[from 1 to 64; default: 4]".
[[nodiscard]] std::string facts(const flag& entry, const std::string& more = {});

/// Flags that stand together: those of a topic, fields by scenario.
struct chapter
{
    std::string title;  ///< The topic; "Shop of NAME" where several scenarios have fields.
    std::string_view topic;
    const scenario::entry* of = nullptr;

    [[nodiscard]] bool has(const flag& one) const { return one.topic == topic && one.of == of; }
};

/// In the order of the table.
[[nodiscard]] std::vector<chapter> chapters(std::span<const flag> table);

/// Scenarios whose fields are in the table, in its order.
[[nodiscard]] std::vector<const scenario::entry*> scenarios_in(std::span<const flag> table);

/// The words of which the value is one; empty when it may be something else, too.
[[nodiscard]] std::vector<std::string_view> choices(const flag& entry);

/// The answer to `--version`: program, compiler and libraries.
///
/// Determinism: it has no date.
[[nodiscard]] std::string version_text(std::string_view commit);

/// The manual page, in the macros of man(7).
///
/// Determinism: it has no date of a build.
[[nodiscard]] std::string man_page(std::span<const flag> table);

/// What makes the shell ("bash", "zsh" or "fish") complete commands, flags and the words that a flag takes.
[[nodiscard]] std::string completion(std::string_view shell, std::span<const flag> table);

/// A configuration file for `run` in which all flags are comments, with their defaults.
[[nodiscard]] std::string default_config(std::span<const flag> table);

}  // namespace bazaar::app

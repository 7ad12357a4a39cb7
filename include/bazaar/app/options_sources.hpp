#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/app/flag.hpp"

namespace bazaar::app
{

/// Where a value comes from; a later one takes precedence.
enum class source : std::uint8_t
{
    credential,  ///< A file provided by the service manager.
    file,
    environment,
    command_line,
};

/// One value for one flag, not checked yet.
struct assignment
{
    const flag* which = nullptr;
    source from = source::command_line;
    std::string spelled;  ///< The flag as its source spells it: "--host", "BAZAARD_HOST", "host".
    std::string text;     ///< Marks and toggles: "true" or "false".
    std::string place;    ///< "FILE:LINE"; empty for other sources.
};

/// Beginning of a message about this value: "--workers 0", "BAZAARD_WORKERS=0 in the environment", "shop.conf:3:
/// workers 0".
[[nodiscard]] std::string described(const assignment& value);

/// The contents of one source.
struct reading
{
    std::vector<assignment> values;
    std::vector<std::string> mistakes;

    // Only from the command line.
    std::vector<std::string> words;    ///< Neither flags nor their values.
    std::vector<std::string> unknown;  ///< Flags that do not exist, as they were typed.
    bool hush = false;                 ///< There is the name of a secret, or "--": any word may be the secret.

    // Only from the environment.
    std::vector<std::string> warnings;
};

/// Words and flags of a command line without its first word. Boost.Program_options splits it.
[[nodiscard]] reading read_command_line(const std::vector<std::string>& words, std::span<const flag> table);

/// The variables BAZAARD_*. An empty one counts as not set.
[[nodiscard]] reading read_environment(const std::map<std::string, std::string>& environment,
                                       std::span<const flag> table);

/// `name = value` lines; # begins a comment at the start of a line or after a blank; "…" keeps # and outer blanks.
[[nodiscard]] reading read_config(const std::string& path, std::string_view contents, std::span<const flag> table);

/// Whether a word that belongs to no flag may be, or contain, a connection string or a login: "u:p@h", "u/p@h".
[[nodiscard]] bool may_be_login(std::string_view word);

/// Overwrites the values of secret flags, and anything else that may be a secret, in the memory of the process's
/// arguments.
void wipe_secrets(int argc, char** argv, std::span<const flag> table);

}  // namespace bazaar::app

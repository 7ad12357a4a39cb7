#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bazaar::postgres
{

/// How to connect, as given by the user: by flag, by one of our environment variables, or in the configuration file.
///
/// What is not given here may still come from libpq's own environment, its service file or our defaults.
struct connection_flags
{
    std::optional<std::string> url;  ///< A URI or a "keyword=value" line, as libpq reads them.
    std::optional<std::string> host;
    std::optional<std::string> port;
    std::optional<std::string> user;
    std::optional<std::string> password;
    std::optional<std::string> password_file;  ///< Read again at each connect, so that rotation needs no restart.
    std::optional<std::string> name;           ///< Name of the database.
    std::optional<std::string> sslmode;
    std::optional<std::string> sslrootcert;
    std::optional<std::string> sslcert;
    std::optional<std::string> sslkey;
};

/// Everything that a connect needs, as keywords and values; never one concatenated line.
struct connection_parameters
{
    std::vector<std::pair<std::string, std::string>> words;
    std::optional<std::string> password_file;

    /// Value of a keyword, empty if there is none.
    [[nodiscard]] std::string_view find(std::string_view keyword) const noexcept;

    /// Sets a keyword, in place of an earlier value.
    void set(std::string_view keyword, std::string_view value);
};

/// Combines the sources, in order of precedence: flags, the parts of the URL, libpq's environment and service file, our
/// defaults.
///
/// `run` becomes part of application_name: `bazaard/<run>`.
/// Errors: `usage` if the URL cannot be read (its text is not shown: it may contain a password).
[[nodiscard]] connection_parameters resolve(const connection_flags& flags, std::string_view run = {});

/// Whether libpq knows a parameter of this name.
[[nodiscard]] bool is_keyword(std::string_view name);

/// "user@host:port/dbname", for messages: no secrets. Parts that only libpq knows are looked up as libpq
/// would.
[[nodiscard]] std::string describe(const connection_parameters& parameters);

/// Identifies a database, independent of the user. All names of this machine's own address count as "localhost".
struct database_place
{
    std::string host, port, name;

    friend bool operator==(const database_place&, const database_place&) = default;
};

/// Parts that only libpq knows are looked up as libpq would.
[[nodiscard]] database_place place_of(const connection_parameters& parameters);

/// The parts that are given by flags, the URL, or libpq's environment; all others are empty. Errors: as for `resolve`.
[[nodiscard]] database_place given_place(const connection_flags& flags);

/// "host:port/dbname".
[[nodiscard]] std::string text_of(const database_place& place);

/// Version of libpq at run time: "15.20".
[[nodiscard]] std::string library_version();

}  // namespace bazaar::postgres

#pragma once

#include <string>
#include <string_view>

// The one place that knows in which forms a password comes: URIs, lines of "keyword=value", names in the wrong place.

namespace bazaar::postgres
{

/// What stands for a secret.
inline constexpr std::string_view mask = "***";

/// Whether a text of any kind holds a password, and whether its end can be told.
enum class secrecy
{
    none,
    apart,      ///< It has one, and `masked_url` takes all of it and nothing else.
    ambiguous,  ///< It may have one: nothing of the text may be shown.
};
[[nodiscard]] secrecy secrecy_of(std::string_view text);

/// The text with its passwords as "***"; "***" alone where they cannot be told from the rest.
[[nodiscard]] std::string without_secrets(std::string_view text);

/// Whether a URI, or a line of "keyword=value", can be read in one way only, and all its keywords are known.
[[nodiscard]] bool is_clear_uri(std::string_view text);
[[nodiscard]] bool is_clear_line(std::string_view text);

/// "password", "sslpassword", "SASL_TOKEN": names of settings whose values are secrets.
[[nodiscard]] bool is_secret_name(std::string_view name);

/// What in a URI's user and password should be percent-encoded and is not; nothing where there is none. Tells the character, nothing of
/// the text.
[[nodiscard]] std::string uri_problem(std::string_view uri);

/// The connection URI, or line of "keyword=value", with all passwords replaced by "***". Masks too much rather than too little.
[[nodiscard]] std::string masked_url(std::string_view url);

/// Why a text is no name of a database, role or service: it is, or has, a connection string. Nothing where it is a name. The
/// text itself is not in the answer, as it may hold a password.
[[nodiscard]] std::string name_problem(std::string_view text);

/// The same of a host, or several behind commas.
[[nodiscard]] std::string host_problem(std::string_view text);

/// A name that somebody else has given: "***" where it may hold a password.
[[nodiscard]] std::string shown_name(std::string_view text);

}  // namespace bazaar::postgres

#pragma once

#include <string>
#include <string_view>

// The only place that knows the forms in which a password can be given: URIs, lines of "keyword=value", names in the
// wrong place.

namespace bazaar::postgres
{

/// Shown in place of a secret.
inline constexpr std::string_view mask = "***";

/// Whether a text of any kind contains a password, and whether it is clear where the password ends.
enum class secrecy
{
    none,
    apart,      ///< It has one, and `masked_url` masks exactly that.
    ambiguous,  ///< It may have one: no part of the text may be shown.
};
[[nodiscard]] secrecy secrecy_of(std::string_view text);

/// The text with its passwords as "***"; only "***" if they cannot be separated from the rest.
[[nodiscard]] std::string without_secrets(std::string_view text);

/// Whether a URI, or a line of "keyword=value", is unambiguous, and all its keywords are known.
[[nodiscard]] bool is_clear_uri(std::string_view text);
[[nodiscard]] bool is_clear_line(std::string_view text);

/// "password", "sslpassword", "SASL_TOKEN": names of settings whose values are secrets.
[[nodiscard]] bool is_secret_name(std::string_view name);

/// What in a URI's user and password should be percent-encoded and is not; empty if nothing. Names the character, but
/// shows no part of the text.
[[nodiscard]] std::string uri_problem(std::string_view uri);

/// The connection URI, or line of "keyword=value", with all passwords replaced by "***". Masks too much rather than too
/// little.
[[nodiscard]] std::string masked_url(std::string_view url);

/// Why a text is not a name of a database, role or service: it is, or contains, a connection string. Empty if it is a
/// name. The text itself is not in the answer, as it may contain a password.
[[nodiscard]] std::string name_problem(std::string_view text);

/// Like `name_problem`, for a host, or several separated by commas.
[[nodiscard]] std::string host_problem(std::string_view text);

/// A name from elsewhere, as it may be shown: "***" if it may contain a password.
[[nodiscard]] std::string shown_name(std::string_view text);

}  // namespace bazaar::postgres

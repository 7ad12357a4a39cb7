#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>

namespace bazaar::capture
{

/// A regular expression as Java reads it, as far as ECMAScript means the same by it.
///
/// Limits: nothing that only Java has: possessive quantifiers, lookbehind, names of groups, classes by property, classes in classes.
class java_regex
{
public:
    /// Nothing where it is not understood.
    [[nodiscard]] static std::optional<java_regex> read(std::string_view expression, bool any_case = false);

    /// Whether it is the whole text. Nothing where the search was given up.
    [[nodiscard]] std::optional<bool> is(std::string_view text) const;

    /// The text with the first place that it matches replaced, `$1` by what the first group has. Nothing where the search was given
    /// up, or the replacement is not understood.
    [[nodiscard]] std::optional<std::string> replaced(std::string_view text, std::string_view replacement) const;

private:
    explicit java_regex(std::wregex made) : made_(std::move(made)) {}

    std::wregex made_;
};

}  // namespace bazaar::capture

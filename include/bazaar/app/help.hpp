#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// The text that answers `--help`, `--version`, `--print-config` or one of `--help-...`; ends with a line feed.
///
/// `scenarios` are those of the program; `commit` is the one that it was built from.
/// Limits: no line of the help is longer than 80 columns.
[[nodiscard]] std::string answer(const options& given, std::span<const scenario::entry> scenarios,
                                 std::string_view commit);

/// Writes to stdout. Returns exit code 0. Errors: throws `io` if it cannot.
int print(const std::string& text);

/// Reports the current exception on stderr, one line per problem, and returns its exit code.
///
/// Never throws: it works even if no memory is left.
int report_failure(command what) noexcept;

}  // namespace bazaar::app

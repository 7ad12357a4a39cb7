#pragma once

#include <string>

namespace bazaar::test
{

// Functions and not macros: the paths of a checkout on a test's command line would keep the compiler cache of one clone from serving
// another.

/// Top of the source tree, without a slash at its end.
[[nodiscard]] std::string source_dir();

/// The program under test.
[[nodiscard]] std::string program_path();

/// The same program with a second scenario, `demo`.
[[nodiscard]] std::string two_scenarios_path();

}  // namespace bazaar::test

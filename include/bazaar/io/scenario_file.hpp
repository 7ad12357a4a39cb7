#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::io
{

/// A scenario file, read and checked, with all that it is made of.
struct scenario_file
{
    scenario::declared::node tree;                 ///< What it extends was laid under it.
    std::optional<scenario::declared::spec> spec;  ///< Nothing where there are problems.
    std::vector<std::string> problems;             ///< A line each, "file:line:column: …".
    std::vector<std::string> warnings;
    std::vector<std::string> notes;  ///< Of a file of TestDataPy: where this program is stricter, or does more.
    bool is_foreign = false;         ///< The file itself is one of TestDataPy's; the tree is what was made of it.

    /// Bytes of the file itself, of those that it extends and of its CSV files, by the names that they have in it.
    std::map<std::string, std::string, std::less<>> texts;
};

/// Reads the scenario of that name from inside the program, or the file of that path, with its CSV files beside it. A word without a dot or a slash
/// is the name of a scenario.
///
/// Errors: what is wrong with the files is in `problems`; `no_input` where the first of them cannot be read.
[[nodiscard]] scenario_file read_scenario(const std::string& name_or_path, std::string_view who);

/// The same of bytes that were read, such as those of a test; files that it names are found in `files` and nowhere else.
[[nodiscard]] scenario_file read_scenario_text(const std::string& name,
                                               const std::map<std::string, std::string, std::less<>>& files);

/// Names of the scenario files inside the program.
[[nodiscard]] std::span<const std::string_view> shipped_scenarios();

/// Bytes of a file of the shipped scenarios ("river-hotel.yaml", "river-hotel/hotels.csv"); empty where there is none.
[[nodiscard]] std::string_view shipped_file(std::string_view name);

}  // namespace bazaar::io

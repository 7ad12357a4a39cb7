// The rules of the views over a run.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"
#include "capture/findings.hpp"

namespace bazaar::capture
{

std::optional<finding> judge_views(const postgres::views_found& found, std::string_view set, const expectation& wished)
{
    std::vector<std::string> wrong;
    std::vector<remedy> mend;
    if (!found.foreign.empty())
    {
        wrong.push_back(fmt::format("{} is not what bazaard has made there", fmt::join(found.foreign, ", ")));
        mend.push_back({remedy::kind::advice, fmt::format("rename {} of schema {}, or drop it; then:",
                                                          fmt::join(found.foreign, ", "), found.at.views)});
    }
    if (!found.missing.empty())
        wrong.push_back(fmt::format("it lacks {}", fmt::join(found.missing, ", ")));
    if (wrong.empty() && !found.current)
        wrong.emplace_back("another version of the program has made them");
    if (wrong.empty())
        return std::nullopt;
    mend.push_back(
        {remedy::kind::command, wished.command(fmt::format("views create --run {} --views {} --views-schema {}",
                                                           found.at.run, set, shell_word(found.at.views)))});
    return make("views-incomplete", fmt::format("views {} of run {}, schema {}", set, found.at.run, found.at.views),
                fmt::format("{}", fmt::join(wrong, "; ")), std::move(mend));
}

}  // namespace bazaar::capture

#include "bazaar/scenario/declared/problems.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/plain.hpp"

namespace bazaar::scenario::declared
{

void problems::add(mark at, std::string_view path, std::string_view what)
{
    constexpr std::size_t most = 50;
    if (kept_.size() == most)
        ++more_;
    else
        kept_.push_back({at, path.empty() ? std::string(what) : fmt::format("{}: {}", path, what)});
}

std::vector<std::string> problems::lines() const
{
    auto sorted = kept_;
    std::ranges::stable_sort(sorted, {}, &problem::at);
    std::vector<std::string> lines;
    lines.reserve(sorted.size() + 1);
    for (const auto& one : sorted)
        lines.push_back(
            plain(fmt::format("{}:{}:{}: {}{}", files_[one.at.file], one.at.line, one.at.column, word_, one.text)));
    if (more_ > 0)
        lines.push_back(plain(fmt::format("{}: and {} more problems", files_.front(), more_)));
    return lines;
}

}  // namespace bazaar::scenario::declared

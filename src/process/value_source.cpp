#include "bazaar/process/value_source.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace bazaar::process
{
namespace
{

/// A flag whose value did not come from the command line.
struct elsewhere
{
    std::string flag;  ///< "--card"
    given_value value;
};

std::vector<elsewhere>& known()
{
    static std::vector<elsewhere> all;
    return all;
}

bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/// Whether the mention asks about the value that is there, instead of advising another one.
bool is_blamed(std::string_view line, std::size_t begin, std::size_t end)
{
    if (line.substr(end).starts_with(" allows") || (line.substr(end).starts_with(")") && line[begin - 1] == '('))
        return true;
    const auto from = line.find_last_of(";:", begin);
    auto clause = line.substr(from == line.npos ? 0 : from + 1);
    clause = clause.substr(0, clause.find(';'));
    const auto start = clause.find_first_not_of(' ');
    return clause.find("right?") != clause.npos || (start != clause.npos && clause.substr(start).starts_with("check "));
}

}  // namespace

void name_sources(const std::map<std::string, given_value, std::less<>>& given)
{
    known().clear();
    for (const auto& [name, value] : given)
        if (value.origin != "command line")
            known().push_back({"--" + name, value});
}

std::string as_given(std::string line)
{
    for (const auto& [flag, value] : known())
        for (auto at = line.find(flag); at != line.npos; at = line.find(flag, at + 1))
        {
            const auto end = at + flag.size();
            if ((end < line.size() && in_name(line[end])) || (at > 0 && in_name(line[at - 1])))
                continue;
            const auto whole = fmt::format("{} {}", flag, value.text);
            const auto next = at + whole.size();
            const bool with_value = line.compare(at, whole.size(), whole) == 0 &&
                                    (next == line.size() || line[next] == ':' || line[next] == ' ');
            if (at == 0 && with_value)
                line.replace(at, whole.size(), value.blamed);
            else if (at == 0 || is_blamed(line, at, end))
                line.replace(at, flag.size(), value.spelled);
        }
    return line;
}

}  // namespace bazaar::process

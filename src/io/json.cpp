#include "bazaar/io/json.hpp"

#include <set>
#include <vector>

namespace bazaar::io
{

bool is_too_deep(std::string_view text, std::size_t most) noexcept
{
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '[' || c == '{')
        {
            if (++depth > most)
                return true;
        }
        else if ((c == ']' || c == '}') && depth > 0)
            --depth;
    }
    return false;
}

std::string json_problem(std::string_view text)
{
    using json = nlohmann::json;
    if (is_too_deep(text))
        return "its JSON is nested too deep";
    std::vector<std::set<std::string>> keys;
    std::string problem;
    const auto look = [&](int, json::parse_event_t event, const json& parsed)
    {
        if (event == json::parse_event_t::object_start)
            keys.emplace_back();
        else if (event == json::parse_event_t::object_end)
            keys.pop_back();
        else if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second &&
                 problem.empty())
            problem = "its key " + write_json(parsed) + " stands twice";
        return true;
    };
    const bool whole = !json::parse(text, look, false).is_discarded();
    return whole ? problem : std::string();
}

}  // namespace bazaar::io

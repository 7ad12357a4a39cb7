#include "bazaar/io/json.hpp"

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

}  // namespace bazaar::io

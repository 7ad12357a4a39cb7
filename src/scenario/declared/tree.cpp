#include "bazaar/scenario/declared/tree.hpp"

#include <algorithm>

namespace bazaar::scenario::declared
{

const entry* node::find(std::string_view key) const noexcept
{
    const auto found = std::ranges::find(entries, key, &entry::key);
    return found == entries.end() ? nullptr : &*found;
}

mark node::place_of(std::size_t byte) const noexcept
{
    if (verbatim.line == 0)
        return at;
    const auto before = std::string_view(text).substr(0, byte);
    const auto characters = std::ranges::count_if(before, [](char c)
                                                  { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; });
    return {verbatim.line, verbatim.column + static_cast<std::uint32_t>(characters), at.file};
}

}  // namespace bazaar::scenario::declared

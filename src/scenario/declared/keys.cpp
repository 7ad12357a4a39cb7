#include "bazaar/scenario/declared/keys.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "keys_rows.hpp"

namespace bazaar::scenario::declared
{

std::span<const key_row> keys() noexcept
{
    static const auto all = []
    {
        std::vector<key_row> rows;
        for (const auto& part : {keys_of_file, keys_of_tables, keys_of_values})
            rows.insert(rows.end(), part.begin(), part.end());
        return rows;
    }();
    return all;
}

std::span<const block> blocks() noexcept
{
    static const auto all = []
    {
        std::vector<block> rows;
        for (const auto& part : {file_blocks, table_blocks, value_blocks})
            rows.insert(rows.end(), part.begin(), part.end());
        return rows;
    }();
    return all;
}

const block& block_named(std::string_view name)
{
    const auto found = std::ranges::find(blocks(), name, &block::name);
    expect(found != blocks().end(), "a block of the table of keys");
    return *found;
}

std::vector<const key_row*> keys_of(std::string_view block)
{
    std::vector<const key_row*> all;
    const auto& it = block_named(block);
    if (!it.includes.empty())
        all = keys_of(it.includes);
    for (const auto& row : keys())
        if (row.in == block)
            all.push_back(&row);
    return all;
}

const key_row* find_key(std::string_view block, std::string_view name)
{
    const auto& it = block_named(block);
    for (const auto& row : keys())
        if (row.in == block && row.name == name)
            return &row;
    return it.includes.empty() ? nullptr : find_key(it.includes, name);
}

std::string range_of_key(const key_row& one)
{
    if (one.low.empty())
        return {};
    if (one.low == one.high)
        return std::string(one.low);
    return fmt::format("from {} to {}", one.low, one.high);
}

std::vector<std::string_view> split_words(std::string_view words)
{
    std::vector<std::string_view> all;
    while (!words.empty())
    {
        const auto blank = words.find(' ');
        all.push_back(words.substr(0, blank));
        words = blank == words.npos ? std::string_view{} : words.substr(blank + 1);
    }
    return all;
}

}  // namespace bazaar::scenario::declared

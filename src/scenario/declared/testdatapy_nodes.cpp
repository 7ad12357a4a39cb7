#include "testdatapy_keys.hpp"
#include "testdatapy_parts.hpp"
#include "value_parts.hpp"

namespace bazaar::scenario::declared::theirs
{

node scalar(mark at, std::string text)
{
    node made;
    made.at = at;
    made.text = std::move(text);
    return made;
}

node map_at(mark at)
{
    node made;
    made.is = shape::map;
    made.at = at;
    return made;
}

void put(node& map, std::string key, mark at, node value)
{
    map.entries.push_back({std::move(key), at, std::move(value)});
}

node map_of(mark at, std::string key, std::string text)
{
    auto made = map_at(at);
    put(made, std::move(key), at, std::move(text));
    return made;
}

std::string literal(const node& value)
{
    return looks_of(value.text, value.quoted).is == kind::text ? quoted_text(value.text) : value.text;
}

std::string text_in(const node& here, std::string_view key, std::string_view initial)
{
    const auto* const found = here.find(key);
    return found == nullptr || found->value.is != shape::scalar ? std::string(initial) : found->value.text;
}

bool truth_in(const node& here, std::string_view key, bool initial)
{
    bool value = initial;
    const auto* const found = here.find(key);
    return found != nullptr && is_truth(found->value.text, value) ? value : initial;
}

std::pair<std::string_view, std::string_view> split_at_dot(std::string_view text) noexcept
{
    const auto dot = text.find('.');
    return {text.substr(0, dot), dot == text.npos ? std::string_view{} : text.substr(dot + 1)};
}

std::vector<std::string_view> keys_in(const node& map)
{
    std::vector<std::string_view> all;
    for (const auto& one : map.entries)
        all.push_back(one.key);
    return all;
}

std::string doubled_braces(std::string_view text)
{
    std::string made;
    for (const char c : text)
        made += c == '{' || c == '}' ? std::string(2, c) : std::string(1, c);
    return made;
}

}  // namespace bazaar::scenario::declared::theirs

#include "fields.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "shapes.hpp"

namespace bazaar::scenario::declared
{

std::string fields::path_of(std::string_view key) const
{
    return joined_path(path_, key);
}

const entry* fields::find(std::string_view key) const
{
    expect(find_key(block_, key) != nullptr, "a key of the table of keys");
    const auto* const found = here_->find(key);
    return found == nullptr || is_left_out(found->value) ? nullptr : found;
}

const entry* fields::scalar(std::string_view key) const
{
    const auto* const found = find(key);
    return found != nullptr && found->value.is == shape::scalar ? found : nullptr;
}

std::optional<fields> fields::block(std::string_view key) const
{
    const auto* const found = find(key);
    if (found == nullptr || found->value.is != shape::map)
        return std::nullopt;
    return fields(found->value, find_key(block_, key)->of, path_of(key));
}

std::vector<fields> fields::blocks(std::string_view key) const
{
    const auto* const found = find(key);
    if (found == nullptr)
        return {};
    const auto name = find_key(block_, key)->of;
    if (found->value.is == shape::map)
        return {fields(found->value, name, path_of(key))};
    std::vector<fields> all;
    for (std::size_t i = 0; i < found->value.items.size(); ++i)
        if (found->value.items[i].is == shape::map)
            all.emplace_back(found->value.items[i], name, fmt::format("{}[{}]", path_of(key), i + 1));
    return all;
}

const std::vector<entry>& fields::entries(std::string_view key) const
{
    static const std::vector<entry> none;
    const auto* const found = find(key);
    return found == nullptr ? none : found->value.entries;
}

std::vector<entry> fields::scalars(std::string_view key) const
{
    const auto* const found = find(key);
    if (found == nullptr || found->value.is == shape::map)
        return {};
    if (found->value.is == shape::scalar)
        return {*found};
    std::vector<entry> all;
    for (const auto& item : found->value.items)
        if (item.is == shape::scalar)
            all.push_back({found->key, item.at, item});
    return all;
}

std::string fields::text(std::string_view key) const
{
    const auto* const found = scalar(key);
    return found == nullptr ? std::string() : found->value.text;
}

std::optional<std::int64_t> fields::integer(std::string_view key) const
{
    return integer_of(text(key));
}

std::optional<std::int64_t> fields::units(std::string_view key, int scale) const
{
    const auto read = number_of(text(key));
    return read ? units_of(*read, scale) : std::nullopt;
}

std::optional<bool> fields::boolean(std::string_view key) const
{
    return boolean_of(text(key));
}

std::optional<std::uint32_t> fields::share(std::string_view key) const
{
    return share_of(text(key));
}

std::optional<std::int64_t> fields::duration(std::string_view key) const
{
    const auto read = duration_of(text(key));
    return read ? std::optional(read->count()) : std::nullopt;
}

std::optional<range> fields::durations(std::string_view key) const
{
    return durations_of(text(key));
}

std::size_t fields::word(std::string_view key) const
{
    const auto words = split_words(find_key(block_, key)->of);
    const auto found = std::ranges::find(words, text(key));
    return found == words.end() ? 0 : static_cast<std::size_t>(found - words.begin());
}

std::string_view fields::head() const
{
    for (const auto* const row : keys_of(block_))
        if (row->head && find(row->name) != nullptr)
            return row->name;
    return {};
}

}  // namespace bazaar::scenario::declared

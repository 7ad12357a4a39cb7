#include "bazaar/model/key_codec.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "bazaar/base/error.hpp"

namespace bazaar::model
{
namespace
{

/// A number of this many digits, and nothing else.
std::optional<std::uint64_t> number_in(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return plain && failed == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// The row that a number of a bigint key or of a sequence is of.
std::optional<row_id> row_of(std::uint8_t table, const key_form& form, std::uint64_t number)
{
    if (number < form.first || number - form.first >= form.rows())
        return std::nullopt;
    return row_id{table, number - form.first, unknown_unit};
}

void check_room(const key_form& form, const row_id& row)
{
    expect(row.row < form.rows(), "the keys of a table have room for the number of a row");
}

}  // namespace

key_list::key_list(std::vector<std::string_view> texts) : texts_(std::move(texts)), rows_by_text_(texts_.size())
{
    std::iota(rows_by_text_.begin(), rows_by_text_.end(), std::uint32_t{0});
    // Of two that are alike the first line counts; the check of a model refuses them.
    std::ranges::stable_sort(rows_by_text_, {}, [this](std::uint32_t row) { return texts_[row]; });
}

uuid key_codec::uuid_of(const row_id& row) const
{
    expect(form(row.table).what == key_form::kind::uuid, "a row whose key goes out as a uuid has one");
    return ids_.encode(row);
}

std::int64_t key_codec::number_of(const row_id& row) const
{
    const auto& by = form(row.table);
    expect(by.what == key_form::kind::bigint, "a row whose key goes out as a number has one");
    check_room(by, row);
    return static_cast<std::int64_t>(by.first + row.row);
}

std::string_view key_codec::text_of(const row_id& row, room& in) const
{
    const auto& by = form(row.table);
    switch (by.what)
    {
    case key_form::kind::uuid:
        return {in.data(), static_cast<std::size_t>(print(ids_.encode(row), in.data()) - in.data())};
    case key_form::kind::bigint:
        return {in.data(), static_cast<std::size_t>(
                               std::to_chars(in.data(), in.data() + in.size(), number_of(row)).ptr - in.data())};
    case key_form::kind::sequence:
    {
        check_room(by, row);
        const auto width = by.prefix.size() + by.digits;
        expect(width <= in.size(), "the text of a key is no longer than its room");
        by.prefix.copy(in.data(), by.prefix.size());
        auto number = by.first + row.row;
        for (auto at = width; at > by.prefix.size(); number /= 10)
            in[--at] = static_cast<char>('0' + number % 10);
        return {in.data(), width};
    }
    case key_form::kind::listed:
        check_room(by, row);
        return by.texts[row.row];
    }
    broken("a table's keys have a form");
}

std::string key_codec::text(const row_id& row) const
{
    room in;
    return std::string(text_of(row, in));
}

std::optional<row_id> key_codec::decode(std::uint8_t table, const uuid& key) const noexcept
{
    if (form(table).what != key_form::kind::uuid)
        return std::nullopt;
    const auto row = ids_.decode(key);
    return row && row->table == table ? row : std::nullopt;
}

std::optional<row_id> key_codec::decode(std::uint8_t table, std::int64_t key) const noexcept
{
    const auto& by = form(table);
    if (by.what != key_form::kind::bigint || key < 0)
        return std::nullopt;
    return row_of(table, by, static_cast<std::uint64_t>(key));
}

std::optional<row_id> key_codec::decode(std::uint8_t table, std::string_view key) const noexcept
{
    const auto& by = form(table);
    switch (by.what)
    {
    case key_form::kind::uuid:
    {
        const auto id = parse_uuid(key);
        return id ? decode(table, *id) : std::nullopt;
    }
    case key_form::kind::bigint:
    {
        // As PostgreSQL prints it: without zeros before it.
        const auto number = key.size() > 1 && key.front() == '0' ? std::nullopt : number_in(key);
        return number ? row_of(table, by, *number) : std::nullopt;
    }
    case key_form::kind::sequence:
    {
        if (key.size() != by.prefix.size() + by.digits || !key.starts_with(by.prefix))
            return std::nullopt;
        const auto number = number_in(key.substr(by.prefix.size()));
        return number ? row_of(table, by, *number) : std::nullopt;
    }
    case key_form::kind::listed:
    {
        const auto at = std::ranges::lower_bound(by.rows_by_text, key, {},
                                                 [&](std::uint32_t row) { return by.texts[row]; });
        if (at == by.rows_by_text.end() || by.texts[*at] != key)
            return std::nullopt;
        return row_id{table, *at, unknown_unit};
    }
    }
    return std::nullopt;
}

}  // namespace bazaar::model

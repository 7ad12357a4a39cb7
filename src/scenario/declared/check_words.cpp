#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/scenario/kit/csv.hpp"
#include "checker.hpp"
#include "shapes.hpp"

// Files and lists.

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::size_t rows_max = 1'000'000;

/// The names of the first line of a CSV file.
std::vector<std::string_view> header_of(std::string_view bytes)
{
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.remove_prefix(3);
    auto line = bytes.substr(0, bytes.find('\n'));
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    std::vector<std::string_view> all;
    for (;;)
    {
        const auto comma = line.find(',');
        auto name = line.substr(0, comma);
        if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"'))
            name = name.substr(1, name.size() - 2);
        all.push_back(name);
        if (comma == line.npos)
            return all;
        line.remove_prefix(comma + 1);
    }
}

/// Whole parts have no zero in front, as a postcode has.
std::optional<exact_number> plain_number(std::string_view text)
{
    const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.empty() || digits.front() == '.' || digits.back() == '.' ||
        (digits.size() > 1 && digits.front() == '0' && digits[1] != '.'))
        return std::nullopt;
    const auto read = number_of(text);
    return read && units_of(*read, read->scale) ? read : std::nullopt;
}

}  // namespace

item_no checker::list_named(std::string_view name) const
{
    for (std::size_t i = 0; i < made_.lists.size(); ++i)
        if (made_.lists[i].name == name)
            return static_cast<item_no>(i);
    return no_item;
}

void checker::words()
{
    for (const auto& one : root_.entries("files"))
        one_file(one);
    for (const auto& one : root_.entries("lists"))
    {
        if (list_named(one.key) != no_item)
            tell(one.at, "lists", fmt::format("\"{}\" is a file, too; each needs a name of its own", one.key));
        one_list(one);
    }
}

void checker::one_file(const entry& one)
{
    word_list made;
    made.name = one.key;
    made.is_file = true;
    const fields here(one.value, "csv", joined_path("files", one.key));
    const auto* const csv = one.value.is == shape::map ? here.scalar("csv") : nullptr;
    const auto file = csv == nullptr ? files_.end() : files_.find(csv->value.text);
    if (csv == nullptr || file == files_.end())
    {
        if (csv != nullptr)
            tell(csv->value.at, here.path(), fmt::format("no file \"{}\" beside the scenario file", csv->value.text));
        return made_.lists.push_back(std::move(made));
    }
    auto header = header_of(file->second);
    kit::csv rows(csv->value.text, file->second, {header.begin(), header.end()});
    for (const auto name : header)
    {
        if (!is_identifier(name))
            tell(csv->value.at, here.path(),
                 fmt::format("{} has a column \"{}\"; a name has letters, digits and _", csv->value.text, name));
        made.columns.push_back({std::string(name), {kind::text}});
    }
    for (std::size_t row = 0; row < rows_max && rows.next(); ++row)
        for (std::size_t i = 0; i < header.size(); ++i)
            made.cells.emplace_back(rows.text(i));
    for (const auto& line : rows.problems())
        tell(csv->value.at, here.path(), line);
    if (made.cells.empty() && rows.problems().empty())
        tell(csv->value.at, here.path(), fmt::format("{} has no rows", csv->value.text));
    if (const auto* const weight = here.scalar("weight"))
    {
        const auto column = std::ranges::find(header, weight->value.text);
        if (column == header.end())
            no_such(*weight, here.path(), "column", header);
        else
            for (auto i = static_cast<std::size_t>(column - header.begin()); i < made.cells.size(); i += header.size())
            {
                const auto read = integer_of(made.cells[i]);
                if (!read || *read < 0)
                    tell(weight->at, here.path(),
                         fmt::format("\"{}\" in line {} is no weight; a whole number from 0", made.cells[i],
                                     i / header.size() + 2));
                made.weights.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(read.value_or(0), 0)));
            }
        if (!made.weights.empty() && std::ranges::all_of(made.weights, [](auto w) { return w == 0; }))
            tell(weight->at, here.path(), "the weights add up to 0");
    }
    typed_columns(made);
    made_.lists.push_back(std::move(made));
}

void checker::typed_columns(word_list& list)
{
    const auto width = list.columns.size();
    for (std::size_t c = 0; c < width; ++c)
    {
        bool numbers = true;
        bool truths = true;
        bool any = false;
        std::uint8_t scale = 0;
        for (std::size_t i = c; i < list.cells.size(); i += width)
        {
            const auto& cell = list.cells[i];
            if (cell.empty())
                continue;
            any = true;
            const auto read = plain_number(cell);
            numbers = numbers && read;
            truths = truths && boolean_of(cell).has_value();
            if (read)
                scale = std::max(scale, read->scale);
        }
        if (any && numbers)
            list.columns[c].type = {kind::decimal, scale};
        else if (any && truths)
            list.columns[c].type = {kind::boolean};
        if (!any || !numbers)
            continue;
        // All with as many digits, so that a reader needs no more than the type.
        for (std::size_t i = c; i < list.cells.size(); i += width)
            if (!list.cells[i].empty())
            {
                exact::text_buffer buffer{};
                const auto read = *number_of(list.cells[i]);
                list.cells[i] = exact::to_text(*exact::rescaled(read.value, read.scale, scale), scale, buffer);
            }
    }
}

void checker::one_list(const entry& one)
{
    word_list made;
    made.name = one.key;
    const auto path = joined_path("lists", one.key);
    const auto& value = one.value;
    const bool rows = value.is == shape::list && !value.items.empty() && value.items.front().is == shape::map;
    if (value.is == shape::map)
    {
        made.columns.push_back({"word", {kind::text}});
        for (const auto& [word, at, weight] : value.entries)
        {
            made.cells.push_back(word);
            const auto read = number_of(weight.text);
            const auto units = read ? units_of(*read, 6) : std::nullopt;
            if (read && (!units || *units < 0))
                tell(weight.at, path,
                     fmt::format("\"{}\" is no weight; a number from 0 with six digits at most", weight.text));
            made.weights.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(units.value_or(1), 0)));
        }
        if (!made.weights.empty() && std::ranges::all_of(made.weights, [](auto w) { return w == 0; }))
            tell(one.at, {}, fmt::format("the weights of {} add up to 0", one.key));
    }
    else if (!rows)
    {
        made.columns.push_back({"word", {kind::text}});
        for (const auto& item : value.items)
        {
            if (item.is != shape::scalar)
                tell(item.at, path, "a word must stand here, as in the first item");
            made.cells.push_back(item.text);
        }
    }
    else
        for (const auto& item : value.items)
        {
            std::vector<std::string> keys;
            std::size_t copies = 1;
            std::size_t lists = 0;
            for (const auto& cell : item.entries)
            {
                keys.push_back(cell.key);
                lists += cell.value.is == shape::list ? 1 : 0;
                copies = cell.value.is == shape::list ? cell.value.items.size() : copies;
            }
            if (made.columns.empty())
                for (const auto& key : keys)
                    made.columns.push_back({key, {kind::text}});
            const bool alike = std::ranges::equal(keys, made.columns, {}, {}, &word_list::column::name);
            if (item.is != shape::map || !alike || lists > 1)
            {
                tell(item.at, path,
                     lists > 1 ? "more than one list in an item; one makes a row of each of its words"
                               : "an item must have the columns of the first one, in their order");
                continue;
            }
            for (std::size_t i = 0; i < copies; ++i)
                for (const auto& cell : item.entries)
                    made.cells.push_back(cell.value.is == shape::list ? cell.value.items[i].text : cell.value.text);
        }
    if (made.cells.empty())
        tell(one.at, path, "an empty list");
    if (rows)
        typed_columns(made);
    made_.lists.push_back(std::move(made));
}

}  // namespace bazaar::scenario::declared

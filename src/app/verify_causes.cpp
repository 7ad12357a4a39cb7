#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "app/verify_changes.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/capture/connector_topics.hpp"
#include "bazaar/scenario/does.hpp"

namespace bazaar::app
{
namespace
{

using change_kind = verify::change_event::kind;
using verify::defect;

/// Values of a column where they are altered.
struct altered_column
{
    std::vector<std::pair<std::string, std::string>> values;  ///< Expected and found, without quotes.
};

std::string unquoted(std::string_view text)
{
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The setting that writes such values; empty where none is known.
std::string setting_of(const altered_column& column)
{
    const auto& first = column.values.front().second;
    const auto all = [&](const auto& is) { return std::ranges::all_of(column.values, is); };
    const auto as_long = [&](const auto& one) { return characters(one.second) == characters(first); };
    if (!first.empty() && all([&](const auto& one) { return one.second == first; }) &&
        first.find_first_not_of('*') == first.npos)
        return fmt::format("column.mask.with.{}.chars", first.size());
    constexpr std::size_t shortest_hash = 32;
    if (first.size() >= shortest_hash && all(as_long) &&
        all([](const auto& one) { return one.second.find_first_not_of("0123456789abcdef") == std::string::npos; }))
        return "column.mask.hash";
    if (all(as_long) &&
        all([](const auto& one) { return one.first.size() > one.second.size() && one.first.starts_with(one.second); }))
        return fmt::format("column.truncate.to.{}.chars", characters(first));
    return {};
}

}  // namespace

seen_changes::seen_changes(std::span<const model::table> tables) : tables_(tables), counts_(tables.size()) {}

void seen_changes::take(const verify::change_event& e, verify::judge& by)
{
    ++counts_[e.table][static_cast<std::size_t>(e.what)];
    if (e.what != change_kind::create || e.key.what != verify::told::state::value ||
        tables_[e.table].kept_by != model::role::planned)
        return;
    const auto row = by.row_of_event(e);
    if (!row || row->unit == no_unit || row->unit == unknown_unit)
        return;
    const auto at = highest_.find(
        std::tuple<std::uint8_t, std::string_view, std::int32_t>(e.table, e.stream, e.partition));
    if (at == highest_.end())
        highest_.emplace(std::tuple(e.table, std::string(e.stream), e.partition), row->unit);
    else
        at->second = std::max(at->second, row->unit);
}

std::uint64_t seen_changes::count(std::uint8_t table) const
{
    std::uint64_t sum = 0;
    for (const auto one : counts_[table])
        sum += one;
    return sum;
}

std::uint64_t seen_changes::count(change_kind what) const
{
    std::uint64_t sum = 0;
    for (std::uint8_t i = 0; i < counts_.size(); ++i)
        sum += count(i, what);
    return sum;
}

std::optional<unit_no> seen_changes::highest() const
{
    const auto highest = std::ranges::max_element(highest_, {}, [](const auto& one) { return one.second; });
    return highest == highest_.end() ? std::nullopt : std::optional(highest->second);
}

std::optional<unit_no> seen_changes::come_to() const
{
    const auto lowest = std::ranges::min_element(highest_, {}, [](const auto& one) { return one.second; });
    return lowest == highest_.end() ? std::nullopt : std::optional(lowest->second);
}

std::set<std::uint8_t> chosen_tables(const options& opts, std::span<const model::table> tables)
{
    std::set<std::uint8_t> chosen;
    std::string names;
    const auto wished = capture::words_of(opts.table);
    for (std::uint8_t i = 0; i < tables.size(); ++i)
    {
        if (tables[i].kept_by == model::role::heartbeat)
            continue;
        names += (names.empty() ? "" : ", ") + std::string(tables[i].name);
        if (opts.table.empty() || std::ranges::find(wished, tables[i].name) != wished.end())
            chosen.insert(i);
    }
    std::vector<std::string> wrong;
    if (!opts.table.empty() && wished.empty())
        wrong.push_back(fmt::format("--table {}: must be some of: {}", opts.table, names));
    for (const auto& word : wished)
        if (std::ranges::none_of(chosen, [&](std::uint8_t i) { return tables[i].name == word; }))
            wrong.push_back(fmt::format("--table {}: must be some of: {}", word, names));
    if (!wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    return chosen;
}

void compare_only(const std::set<std::uint8_t>& chosen, std::span<const model::table> tables, verify::judge& to,
                  verify::report& out)
{
    std::string names;
    bool all = true;
    for (std::uint8_t i = 0; i < tables.size(); ++i)
        if (chosen.contains(i))
            names += (names.empty() ? "" : ", ") + std::string(tables[i].name);
        else if (tables[i].kept_by != model::role::heartbeat)
        {
            to.leave_out(i);
            all = false;
        }
    if (!all)
        out.set_part(fmt::format("table{} {}", chosen.size() == 1 ? "" : "s", names));
}

capture::connector_limits limits_of(const options& opts, const capture::told_connector& told, postgres::session* on,
                                    std::span<const model::table> tables)
{
    capture::connector_limits made;
    if (!told.config.empty())
        made = capture::limits_of(told.config, told.how, tables, opts.schema);
    const auto publication = told.config.empty() ? publication_of(opts) : told.publication;
    if (on != nullptr && !publication.empty())
        made.merge(capture::limits_of(postgres::read_publication(*on, publication, opts.schema), publication, tables));
    return made;
}

void excuse_silent(const capture::connector_limits& limits, const seen_changes& seen, verify::judge& to)
{
    for (const auto& [number, by] : limits.silent)
        if (seen.count(number) == 0)
            to.excuse(number, "by " + by);
}

void tell_causes(const scenario::scenario& shop, const std::set<std::uint8_t>& chosen, const seen_changes& seen,
                 bool told, verify::report& out)
{
    const auto tables = shop.tables();
    std::map<std::pair<std::string, std::string>, altered_column> altered;
    for (const auto& f : out.examples())
        if ((f.what == defect::altered || f.what == defect::wrong_before) && !f.found.empty())
            altered[{f.table, f.column}].values.emplace_back(unquoted(f.expected), unquoted(f.found));
    for (const auto& [where, column] : altered)
        if (const auto setting = setting_of(column); !setting.empty())
            out.hint(fmt::format("{}.{} is altered as {} would do it", where.first, where.second, setting));
    const bool lost = out.count(defect::lost) > 0;
    constexpr std::array<std::tuple<model::op, change_kind, std::string_view>, 3> operations{
        std::tuple{model::op::insert, change_kind::create, "c"},
        std::tuple{model::op::update, change_kind::update, "u"}, std::tuple{model::op::erase, change_kind::erase, "d"}};
    for (const auto& [what, event, letter] : operations)
    {
        const bool planned = std::ranges::any_of(chosen, [&](std::uint8_t i) { return scenario::does(shop, what, i); });
        if (lost && planned && seen.count(event) == 0)
            out.hint(fmt::format("there is no {} in the stream, as after skipped.operations {}, or a publication that "
                                 "does not publish them",
                                 model::name(what), letter));
    }
    for (const auto i : chosen)
        if (lost && seen.count(i) == 0)
            out.hint(fmt::format("there is no change of table {} in the stream, as where table.include.list or the "
                                 "publication does not have it",
                                 tables[i].name));
    if (!told && !out.hints().empty())
        out.hint("--connector-config, or --connect-url, tells what the connector leaves out");
}

}  // namespace bazaar::app

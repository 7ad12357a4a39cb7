#include "support/told_stream.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/scenario/first_rows.hpp"
#include "bazaar/verify/row_name.hpp"
#include "bazaar/verify/subject.hpp"

namespace bazaar::test
{
namespace
{

/// An unscaled number's bytes, no more than it needs.
std::string base64_of(std::int64_t number)
{
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
        bytes += static_cast<char>(number >> shift & 0xff);
    while (bytes.size() > 1 && ((bytes[0] == 0 && bytes[1] >= 0) || (bytes[0] == -1 && bytes[1] < 0)))
        bytes.erase(0, 1);
    return base64(bytes);
}

std::string in_quotes(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text)
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else
            out += c;
    return out + '"';
}

std::string value_json(const model::value& v, const model::column& c, const model::key_codec& ids,
                       stream_form::decimals money)
{
    if (v.null())
        return "null";
    switch (c.kind)
    {
    case model::type::ref:
        return model::spelled(c) == model::type::int64 ? ids.text(v.row()) : in_quotes(ids.text(v.row()));
    case model::type::decimal:
        if (money == stream_form::decimals::precise)
            return in_quotes(base64_of(v.integer()));
        return money == stream_form::decimals::real ? to_decimal(v.integer(), c.scale, zeros::trim)
                                                    : in_quotes(to_decimal(v.integer(), c.scale));
    case model::type::float64:
        return fmt::format("{}", v.number());
    case model::type::timestamp:
        return in_quotes(to_string(v.moment()));
    case model::type::boolean:
        return v.integer() != 0 ? "true" : "false";
    case model::type::text:
    case model::type::bytes:
    case model::type::json:
        return in_quotes(v.text());
    default:
        return std::to_string(v.integer());
    }
}

std::string columns_json(std::span<const model::value> row, const model::table& t, const model::key_codec& ids,
                         stream_form::decimals money)
{
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i)
        out += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", t.columns[i].name,
                           value_json(row[i], t.columns[i], ids, money));
    return out;
}

}  // namespace

std::string base64(std::string_view bytes)
{
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3)
    {
        std::uint32_t word = 0;
        for (std::size_t k = 0; k < 3; ++k)
            word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k <= bytes.size() ? digits[word >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::string told_json(const scenario::scenario& shop, const model::key_codec& ids, const model::change& c, char op,
                      std::uint64_t transaction, std::uint64_t lsn, std::uint64_t at, const stream_form& form)
{
    const auto& t = shop.tables()[c.table];
    if (form.flat)
        return fmt::format("{{{},\"__deleted\":\"{}\",\"__op\":\"{}\",\"__lsn\":{},\"__txId\":{},\"__source_ts_us\":{},"
                           "\"__ts_ns\":{}}}",
                           columns_json(c.after.empty() ? c.before : c.after, t, ids, form.money),
                           c.after.empty() ? "true" : "false", op, lsn, transaction, at / 1'000, at);
    // Of a deleted row the server tells the key alone; Debezium makes up what must not be NULL.
    std::vector<model::value> made_up;
    if (op == 'd' && !form.full)
    {
        for (std::size_t i = 0; i < c.before.size(); ++i)
            made_up.push_back(i == t.key                                    ? c.before[i]
                              : t.columns[i].nullable                       ? model::value()
                              : t.columns[i].kind == model::type::text      ? model::value::of("")
                              : t.columns[i].kind == model::type::timestamp ? model::value::of(time{0})
                              : t.columns[i].kind == model::type::decimal   ? model::value::of_decimal(0)
                              : t.columns[i].kind == model::type::ref       ? model::value::of(row_id{})
                                                                            : model::value::of(std::int64_t{0}));
    }
    const auto side = [&](std::span<const model::value> row, bool told)
    { return row.empty() || !told ? std::string("null") : '{' + columns_json(row, t, ids, form.money) + '}'; };
    auto text = fmt::format("{{\"before\":{},\"after\":{},\"source\":{{\"version\":\"3.7.0.Final\",\"connector\":"
                            "\"postgresql\",\"name\":\"ecomm\","
                            "\"ts_ms\":{},\"snapshot\":\"{}\",\"db\":\"fh_dev\",\"sequence\":\"[\\\"1\\\",\\\"{}\\\"]"
                            "\",\"schema\":\"demo\","
                            "\"table\":\"{}\",\"txId\":{},\"lsn\":{},\"xmin\":null}},\"transaction\":null,\"op\":\"{}"
                            "\",\"ts_ms\":{},\"ts_ns\":{}}}",
                            side(made_up.empty() ? c.before : made_up, form.full || op == 'd'), side(c.after, true),
                            at / 1'000'000, op == 'r' ? "true" : "false", lsn, t.name, transaction, lsn, op,
                            at / 1'000'000, at);
    if (form.schemas)
        text =
            R"({"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"id"}],"optional":false,)"
            R"("name":"ecomm.demo.Envelope"},"payload":)" +
            text + '}';
    return text;
}

std::vector<told_message> told_stream(const scenario::scenario& shop, const run::record& of, unit_no end,
                                      const stream_form& form, std::uint64_t order)
{
    const auto tables = shop.tables();
    const model::key_codec ids(of.tag, of.seed, tables);
    std::vector<told_message> all;
    std::uint64_t transaction = 700, lsn = 26'000'000, moment = 1'795'000'000'000'000'000;
    const auto tell = [&](const model::change& c, char op, unit_no unit)
    {
        const auto& key = c.key(tables[c.table]);
        all.push_back({std::string(tables[c.table].name),
                       key.kind() == model::type::ref ? ids.text(key.row()) : std::to_string(key.integer()), unit,
                       transaction, told_json(shop, ids, c, op, transaction, lsn, moment, form)});
        lsn += 120;
        moment += 1'000;
    };

    if (form.snapshot > 0 || form.first)
    {
        const char op = form.snapshot > 0 ? 'r' : 'c';
        for (std::uint8_t number = 0; number < tables.size(); ++number)
            if (tables[number].kept_by == model::role::fixed &&
                (form.snapshot == 0 || !verify::planned_rows(tables[number])))
                shop.fixed_rows(number,
                                [&](std::span<const model::value> row) {
                                    tell({model::op::insert, number, {}, row}, op, no_unit);
                                });
        ++transaction;
    }
    if (form.snapshot == 0 && form.seam == 0 && form.first)
        for (std::uint8_t number = 0; number < tables.size(); ++number)
            if (tables[number].kept_by == model::role::planned)
                shop.initial_rows(number, of.start,
                                  [&](std::span<const model::value> row) {
                                      tell({model::op::insert, number, {}, row}, 'c', no_unit);
                                  });

    // The newest version of each row below the unit of the snapshot, or of the load, as text.
    const unit_no still = std::max(form.snapshot, form.seam);
    const auto chunk_of = [&](const told_message& m)
    {
        return m.unit == no_unit ? 0
               : m.table == "users" || m.table == "products"
                   ? 1
                   : 2 + (m.unit / std::max<unit_no>(1, form.chunk_units) ^ 1);
    };
    std::map<std::pair<std::uint8_t, std::uint64_t>, told_message> rows;
    const auto keep = [&](const model::change& c, unit_no unit)
    {
        const auto& key = c.key(tables[c.table]);
        const auto id = verify::row_named(c.table, key);
        auto& row = rows[{c.table, id.row}];
        row = {std::string(tables[c.table].name), verify::key_text(tables[c.table], id, ids), unit, 0, {}};
        row.transaction = form.seam > 0 ? 800 + chunk_of(row) : 0;
        // A load changes the rows that the schema came with.
        const bool there = tables[c.table].kept_by == model::role::fixed && unit != no_unit;
        row.json = told_json(shop, ids, {model::op::insert, c.table, {}, c.after},
                             form.seam == 0 ? 'r'
                             : there        ? 'u'
                                            : 'c',
                             row.transaction, lsn, moment++, form);
    };
    if (still > 0)
        for (std::uint8_t number = 0; number < tables.size(); ++number)
            if (form.seam > 0 ? tables[number].kept_by == model::role::planned : verify::planned_rows(tables[number]))
                scenario::first_rows(shop, number, of.start,
                                     [&](std::span<const model::value> row) {
                                         keep({model::op::insert, number, {}, row}, no_unit);
                                     });

    const verify::subject whole{shop, of, ids, end, end};
    verify::unit_walk walk(whole);
    std::vector<std::pair<std::uint64_t, model::decision>> commits;
    auto draw = derive(order, stream("commit order"), 0);
    std::uint64_t place = 0;
    model::unit unit;
    model::decision decision;
    std::map<unit_no, std::uint64_t> places;
    while (walk.next_no() < end)
    {
        if (!walk.next(decision))
            continue;
        if (decision.no < still)
        {
            shop.build(decision, unit);
            for (const auto& c : unit.changes)
                if (c.what == model::op::erase)
                    rows.erase({c.table, c.key(tables[c.table]).row().row});
                else
                    keep(c, decision.no);
            continue;
        }
        // Later than what it builds on, and not further off than a few units.
        place = decision.no * 4 + draw.next() % 32;
        for (std::uint8_t i = 0; i < decision.after_count; ++i)
            if (const auto at = places.find(decision.after[i]); at != places.end())
                place = std::max(place, at->second + 1);
        places[decision.no] = place;
        if (places.size() > 4096)
            places.erase(places.begin());
        if (decision.no >= form.begin)
            commits.emplace_back(place, decision);
    }
    const auto first_row = static_cast<std::ptrdiff_t>(all.size());
    for (auto& [key, row] : rows)
        all.push_back(std::move(row));
    if (form.seam > 0)
    {
        std::ranges::stable_sort(all.begin() + first_row, all.end(), {}, chunk_of);
        transaction = 1'000'000;
    }
    std::ranges::stable_sort(commits, {}, &std::pair<std::uint64_t, model::decision>::first);
    for (const auto& [where, what] : commits)
    {
        ++transaction;
        shop.build(what, unit);
        for (const auto& c : unit.changes)
            tell(c, c.what == model::op::insert ? 'c' : c.what == model::op::update ? 'u' : 'd', what.no);
    }
    return all;
}

}  // namespace bazaar::test

#include "bazaar/model/render.hpp"

#include <iterator>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/time.hpp"

namespace bazaar::model
{
namespace
{

/// Quotes and escapes as JSON wants it (RFC 8259); the text is UTF-8.
void quoted(std::string_view text, std::string& out)
{
    out += '"';
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        else
            out += c;
    }
    out += '"';
}

void hexadecimal(std::string_view bytes, std::string& out)
{
    for (const char byte : bytes)
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(byte));
}

/// As CSV wants it: quoted where it is not plain, and where it is empty, which would be NULL.
void csv_field(std::string_view text, std::string& out)
{
    // A lone \. would end the data for COPY.
    if (!text.empty() && text != "\\." && text.find_first_of(",\"\r\n") == text.npos)
    {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text)
        out.append(c == '"' ? 2 : 1, c);
    out += '"';
}

bool spelled_bare(type kind)
{
    return kind == type::boolean || kind == type::int64 || kind == type::float64;
}

}  // namespace

void renderer::bare(const value& v, const column& c, std::string& out) const
{
    switch (v.kind())
    {
    case type::boolean:
        out += v.integer() != 0 ? "true" : "false";
        return;
    case type::int64:
        fmt::format_to(std::back_inserter(out), "{}", v.integer());
        return;
    case type::decimal:
        out += to_decimal(v.integer(), c.scale);
        return;
    case type::float64:
        fmt::format_to(std::back_inserter(out), "{}", v.number());
        return;
    case type::timestamp:
        out += to_string(v.moment());
        return;
    case type::date:
        out += to_string(time{v.integer() * 86'400'000'000}).substr(0, 10);
        return;
    case type::ref:
    {
        key_codec::room room;
        out += keys_.text_of(v.row(), room);
        return;
    }
    case type::text:
    case type::bytes:
    case type::json:
        out += v.text();
        return;
    }
}

std::optional<std::string_view> renderer::text_in(const value& v, key_codec::room& room) const
{
    if (v.kind() == type::text || v.kind() == type::json)
        return v.text();
    if (v.kind() == type::ref && keys_.form(v.row().table).is_text())
        return keys_.text_of(v.row(), room);
    return std::nullopt;
}

void renderer::value_text(const value& v, const column& c, std::string& out) const
{
    key_codec::room room;
    if (v.null())
        out += "NULL";
    else if (const auto text = text_in(v, room))
        quoted(*text, out);
    else
        bare(v, c, out);
}

void renderer::value_json(const value& v, const column& c, std::string& out) const
{
    if (v.null())
    {
        out += "null";
        return;
    }
    const bool number = v.kind() == type::ref && keys_.form(v.row().table).what == key_form::kind::bigint;
    if (spelled_bare(v.kind()) || v.kind() == type::json || number)
    {
        bare(v, c, out);
        return;
    }
    key_codec::room room;
    if (const auto text = text_in(v, room))
    {
        quoted(*text, out);
        return;
    }
    if (v.kind() == type::bytes)
    {
        out += '"';
        hexadecimal(v.text(), out);
        out += '"';
        return;
    }
    out += '"';
    bare(v, c, out);
    out += '"';
}

void renderer::text(const unit& what, std::string& out) const
{
    const auto& d = what.decision;
    auto end = std::back_inserter(out);
    fmt::format_to(end, "unit {}  tick {}  {}  {}", d.no, d.tick, kinds_[d.kind].name, to_string(d.at));
    for (std::size_t i = 0; i < d.after_count; ++i)
        fmt::format_to(end, "{}{}", i == 0 ? "  after " : ", ", d.after[i]);
    out += '\n';
    for (const auto& c : what.changes)
    {
        const auto& t = tables_[c.table];
        fmt::format_to(end, "  {} {}", name(c.what), t.name);
        for (std::size_t i = 0; i < t.columns.size(); ++i)
        {
            const auto& column = t.columns[i];
            const auto& now = (c.after.empty() ? c.before : c.after)[i];
            const bool changed = c.what == op::update && !(c.before[i] == c.after[i]);
            // An update shows its key and what it changes; the rest stays as it was.
            if ((c.what == op::update && !changed && i != t.key) || (c.what == op::erase && i != t.key))
                continue;
            if (c.what == op::insert && now.null())
                continue;
            fmt::format_to(end, "  {}=", column.name);
            if (changed)
            {
                value_text(c.before[i], column, out);
                out += " -> ";
            }
            value_text(now, column, out);
        }
        out += '\n';
    }
}

void renderer::side_json(std::span<const value> side, const table& t, std::string& out) const
{
    if (side.empty())
    {
        out += "null";
        return;
    }
    for (std::size_t i = 0; i < side.size(); ++i)
    {
        fmt::format_to(std::back_inserter(out), "{}\"{}\":", i == 0 ? '{' : ',', t.columns[i].name);
        value_json(side[i], t.columns[i], out);
    }
    out += '}';
}

void renderer::json(const unit& what, std::string& out) const
{
    const auto& d = what.decision;
    auto end = std::back_inserter(out);
    fmt::format_to(end, R"({{"unit":{},"tick":{},"kind":"{}","at":"{}","after":[)", d.no, d.tick, kinds_[d.kind].name,
                   to_string(d.at));
    for (std::size_t i = 0; i < d.after_count; ++i)
        fmt::format_to(end, "{}{}", i == 0 ? "" : ",", d.after[i]);
    out += "],\"changes\":[";
    for (const auto& c : what.changes)
    {
        fmt::format_to(end, R"({}{{"op":"{}","table":"{}","before":)", &c == what.changes.data() ? "" : ",",
                       name(c.what), tables_[c.table].name);
        side_json(c.before, tables_[c.table], out);
        out += ",\"after\":";
        side_json(c.after, tables_[c.table], out);
        out += '}';
    }
    out += "]}\n";
}

void renderer::change_json(const decision& of, const change& c, std::string& out) const
{
    const auto& t = tables_[c.table];
    fmt::format_to(std::back_inserter(out),
                   R"({{"unit":{},"tick":{},"kind":"{}","at":"{}","op":"{}","table":"{}","key":)", of.no, of.tick,
                   kinds_[of.kind].name, to_string(of.at), name(c.what), t.name);
    value_json(c.key(t), t.columns[t.key], out);
    out += ",\"before\":";
    side_json(c.before, t, out);
    out += ",\"after\":";
    side_json(c.after, t, out);
    out += "}\n";
}

void renderer::row_json(std::uint8_t table, std::optional<unit_no> by, std::span<const value> row,
                        std::string& out) const
{
    const auto& t = tables_[table];
    fmt::format_to(std::back_inserter(out), R"({{"table":"{}","key":)", t.name);
    value_json(row[t.key], t.columns[t.key], out);
    fmt::format_to(std::back_inserter(out), R"(,"unit":{},"row":)", by ? fmt::format("{}", *by) : "null");
    side_json(row, t, out);
    out += "}\n";
}

void renderer::value_csv(const value& v, const column& c, std::string& out) const
{
    key_codec::room room;
    if (v.null())
        return;
    if (v.kind() == type::bytes)
    {
        out += "\\x";
        hexadecimal(v.text(), out);
    }
    else if (const auto text = text_in(v, room))
        csv_field(*text, out);
    else
        bare(v, c, out);
}

void renderer::side_csv(std::span<const value> side, const table& t, std::string& out) const
{
    for (std::size_t i = 0; i < t.columns.size(); ++i)
    {
        out += ',';
        if (!side.empty())
            value_csv(side[i], t.columns[i], out);
    }
}

void renderer::change_csv_header(std::uint8_t table, std::string& out) const
{
    out += "unit,tick,kind,at,op,key";
    for (const auto* side : {"before", "after"})
        for (const auto& c : tables_[table].columns)
            fmt::format_to(std::back_inserter(out), ",{}_{}", side, c.name);
    out += '\n';
}

void renderer::change_csv(const decision& of, const change& c, std::string& out) const
{
    const auto& t = tables_[c.table];
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},", of.no, of.tick, kinds_[of.kind].name, to_string(of.at),
                   name(c.what));
    value_csv(c.key(t), t.columns[t.key], out);
    side_csv(c.before, t, out);
    side_csv(c.after, t, out);
    out += '\n';
}

void renderer::row_csv_header(std::uint8_t table, std::string& out) const
{
    out += "unit";
    for (const auto& c : tables_[table].columns)
        fmt::format_to(std::back_inserter(out), ",{}", c.name);
    out += '\n';
}

void renderer::copy_csv(std::uint8_t table, std::span<const value> row, std::string& out) const
{
    const auto begin = out.size();
    side_csv(row, tables_[table], out);
    out.erase(begin, 1);
    out += '\n';
}

void renderer::copy_csv_header(std::uint8_t table, std::string& out) const
{
    for (const auto& c : tables_[table].columns)
        fmt::format_to(std::back_inserter(out), "{}{}", &c == tables_[table].columns.data() ? "" : ",", c.name);
    out += '\n';
}

void renderer::row_csv(std::uint8_t table, std::optional<unit_no> by, std::span<const value> row,
                       std::string& out) const
{
    if (by)
        fmt::format_to(std::back_inserter(out), "{}", *by);
    side_csv(row, tables_[table], out);
    out += '\n';
}

}  // namespace bazaar::model

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
        out += to_string(ids_.encode(v.row()));
        return;
    case type::text:
    case type::bytes:
    case type::json:
        out += v.text();
        return;
    }
}

void renderer::value_text(const value& v, const column& c, std::string& out) const
{
    if (v.null())
        out += "NULL";
    else if (v.kind() == type::text || v.kind() == type::json)
        quoted(v.text(), out);
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
    if (spelled_bare(v.kind()) || v.kind() == type::json)
    {
        bare(v, c, out);
        return;
    }
    if (v.kind() == type::text)
    {
        quoted(v.text(), out);
        return;
    }
    if (v.kind() == type::bytes)
    {
        out += '"';
        for (const char byte : v.text())
            fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(byte));
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

}  // namespace bazaar::model

#include "bazaar/postgres/plan_cache.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "own_tables.hpp"
#include "owner_parameters.hpp"

namespace bazaar::postgres
{
namespace
{

/// Of one statement: what else the session has to do waits no longer than for this.
constexpr std::size_t piece_size = std::size_t{1} << 20;

/// The slot of the newest that is whole, and its number of pieces.
result newest(session& on, std::string_view schema, std::string_view run)
{
    return on.exec("SELECT slot, pieces FROM bazaard.saved_plan WHERE schema_name = $1 AND run = $2 "
                   "GROUP BY slot, unit, pieces HAVING count(*) = pieces ORDER BY unit DESC LIMIT 1",
                   {schema, run});
}

}  // namespace

plan_writer::plan_writer(run::saved_plan what)
    : what_(std::move(what)), pieces_((what_.bytes.size() + piece_size - 1) / piece_size)
{
}

bool plan_writer::step(session& on, const ownership& own)
{
    if (next_ == pieces_)
        return false;
    if (slot_.empty())
    {
        const auto kept = newest(on, own.schema, own.run);
        slot_.assign(1, kept.rows() > 0 && kept.get(0, 0) == "0" ? '1' : '0');
    }
    const owner_parameters owner(own);
    const auto unit = std::to_string(what_.at.unit);
    const auto piece = std::to_string(next_);
    const auto pieces = std::to_string(pieces_);
    const auto bytes = std::span(what_.bytes).subspan(next_ * piece_size);
    parameters arguments;
    for (const auto& text : owner.with({slot_, piece, unit, pieces}))
        arguments.add_text(*text);
    arguments.add_bytes({reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), piece_size)});
    const auto sql = owner.held(owner.whole_life()) +
                     "INSERT INTO bazaard.saved_plan (schema_name, run, slot, piece, unit, pieces, state) "
                     "SELECT $1, own.run, $8::integer, $9::integer, $10::bigint, $11::integer, $12 FROM own "
                     "ON CONFLICT (schema_name, run, slot, piece) DO UPDATE SET unit = excluded.unit, "
                     "pieces = excluded.pieces, state = excluded.state";
    if (on.call(sql.c_str(), arguments).tag() != "INSERT 0 1")
        return false;
    if (++next_ < pieces_)
        return true;
    on.exec(owner.held(owner.whole_life()) +
                "UPDATE bazaard.saved_plan AS s SET pieces = 0, state = '' FROM own WHERE s.schema_name = $1 AND "
                "s.run = own.run AND s.pieces > 0 AND (s.slot <> $8::integer OR s.piece >= $9::integer)",
            owner.with({slot_, pieces}));
    return false;
}

std::optional<std::vector<std::byte>> kept_plan(session& on, std::string_view schema, std::string_view run)
{
    if (!has_own_table(on, "saved_plan"))
        return std::nullopt;
    const auto kept = newest(on, schema, run);
    if (kept.rows() == 0)
        return std::nullopt;
    const auto pieces = kept.number(0, 1);
    std::vector<std::byte> bytes;
    for (std::int64_t i = 0; i < pieces; ++i)
    {
        const auto number = std::to_string(i);
        parameters arguments;
        for (const std::string_view text : {schema, run, kept.get(0, 0), std::string_view(number)})
            arguments.add_text(text);
        const auto piece = on.call("SELECT state FROM bazaard.saved_plan WHERE schema_name = $1 AND run = $2 AND "
                                   "slot = $3::integer AND piece = $4::integer",
                                   arguments);
        if (piece.rows() == 0)
            return std::nullopt;
        const auto state = std::as_bytes(std::span(piece.get(0, 0)));
        bytes.insert(bytes.end(), state.begin(), state.end());
    }
    return bytes;
}

}  // namespace bazaar::postgres

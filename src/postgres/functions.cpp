#include "bazaar/postgres/functions.hpp"

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/postgres/classify.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

/// The server's limit of function arguments, unless it was built with another.
constexpr std::size_t arguments_max = 100;

/// No statement of a unit is better off with a sequential scan, nor is the check of a foreign key that it fires. Yet the
/// server plans that check once per session, for the size which the table has then: an ANALYZE, autovacuum's too, that comes
/// right after the first rows of empty tables makes each later purchase read whole tables, until the next ANALYZE.
constexpr std::string_view settings = "SET enable_seqscan = off";
constexpr std::string_view kept_settings = "enable_seqscan=off";  ///< The same in pg_proc.

/// 64 bits of a text; part of function names, so it never changes.
std::uint64_t text_hash(std::string_view text) noexcept
{
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
    {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return mix(hash);
}

std::string joined(const std::vector<std::string>& parts, std::string_view between)
{
    return fmt::format("{}", fmt::join(parts, between));
}

/// Writes the body part by part, and keeps the list of parameters that grows with it.
///
/// Parameters are called by number: a name could be that of a column.
class function_text
{
public:
    function_text(std::string_view schema, std::span<const model::table> tables) : schema_(schema), tables_(tables)
    {
        add_parameter(wire::boolean, "replay", shape::scalar);
        add_parameter(wire::int8, "run: bazaard.lease.tag", shape::scalar);
        add_parameter(wire::int8, "run: bazaard.lease.epoch", shape::scalar);
        add_fence();
    }

    void add(const part_encoder& part, std::string_view place)
    {
        const bool gate = place == "gate";
        const auto& t = tables_[part.table];
        const auto meaning = [&](std::string_view word, std::uint8_t column)
        { return fmt::format("{}: {}{}.{}", place, word, t.name, t.columns[column].name); };
        table_ = quote_qualified(schema_, t.name);
        table_name_ = t.name;
        key_ = quote_identifier(t.columns[part.key_column].name);
        if (part.version_column != model::no_column)
        {
            version_ = quote_identifier(t.columns[part.version_column].name);
            version_kind_ = part.version.type;
            is_version_ = t.columns[part.version_column].nullable ? " IS NOT DISTINCT FROM " : " = ";
        }
        else
            version_.clear();

        const auto form = part.many ? shape::array : shape::scalar;
        key_parameter_.clear();
        expected_parameter_.clear();
        next_parameter_.clear();
        columns_.clear();
        column_parameters_.clear();
        if (part.what != model::op::insert)
        {
            key_parameter_ = add_parameter(part.key.type, meaning("", part.key_column), form);
            if (!version_.empty())
                expected_parameter_ = add_parameter(part.version.type, meaning("expected ", part.version_column), form);
            if (part.what == model::op::update)
                next_parameter_ = add_parameter(part.version.type, meaning("next ", part.version_column), form);
        }
        for (std::size_t i = 0; i < part.columns.size(); ++i)
        {
            const auto& column = t.columns[part.columns[i]];
            columns_.push_back(quote_identifier(column.name));
            column_parameters_.push_back(add_parameter(part.types[i].type, meaning("", part.columns[i]), form));
            if (part.what == model::op::insert && part.columns[i] == part.key_column)
                key_parameter_ = column_parameters_.back();
        }

        if (gate)
            add_gate(part);
        else
            add_follower(part);
    }

    [[nodiscard]] write_function finish(std::string_view kind) &&
    {
        expect(types_.size() <= arguments_max, "a unit's rows fit into the 100 arguments of a function");
        std::string body = "\n";
        for (const auto& line : legend_)
            body += "-- " + line + '\n';
        body += "DECLARE\n    changed bigint;\n    seen bigint;\nBEGIN\n" + body_;
        body += fmt::format("    RETURN {};\nEND\n", answer_committed);

        const auto arguments = joined(sql_types_, ", ");
        const auto digest = fmt::format("{:016x}",
                                        text_hash(fmt::format("{}\n{}{}{}", schema_, arguments, settings, body)));
        // The end of a name that is too long would be cut, and with it the digest.
        write_function made;
        made.name = std::string(kind.substr(0, 63 - 17)) + '_' + digest;
        made.types = std::move(types_);
        const auto name = quote_qualified("bazaard", made.name);
        made.signature = name + '(' + arguments + ')';

        std::string quote = "$unit$";
        while (body.find(quote) != body.npos)
            quote.insert(quote.size() - 1, "_");
        made.create = "CREATE FUNCTION " + made.signature + " RETURNS bigint LANGUAGE plpgsql SECURITY INVOKER " +
                      std::string(settings) + " AS " + quote + body + quote;

        made.body = std::move(body);
        made.settings = kept_settings;

        std::vector<std::string> numbers;
        for (std::size_t i = 1; i <= made.types.size(); ++i)
            numbers.push_back('$' + std::to_string(i));
        made.call = "SELECT " + name + '(' + joined(numbers, ", ") + ')';
        return made;
    }

private:
    enum class shape : std::uint8_t
    {
        scalar,
        array,
    };

    std::string add_parameter(wire type, const std::string& meaning, shape form)
    {
        const auto name = sql_name(type);
        sql_types_.push_back(form == shape::array ? std::string(name) + "[]" : std::string(name));
        types_.push_back(form == shape::array ? array_oid(type) : type_oid(type));
        auto number = '$' + std::to_string(types_.size());
        // A legend for people who read the function on the server.
        legend_.push_back(number + ' ' + meaning);
        return number;
    }

    void line(std::string_view text)
    {
        body_.append(indent_, ' ');
        body_ += text;
        body_ += '\n';
    }

    [[nodiscard]] std::string planned(const part_encoder& part) const
    {
        return part.many ? "cardinality(" + (key_parameter_.empty() ? column_parameters_.front() : key_parameter_) + ')'
                         : "1";
    }

    /// The version as a number: what the caller compares. Not a time that PostgreSQL alone knows, nor one of
    /// our answers.
    [[nodiscard]] std::string version_number() const
    {
        if (version_kind_ != wire::timestamptz)
            return "CASE WHEN t." + version_ + " > 0 THEN t." + version_ + " ELSE " + std::to_string(answer_other) +
                   " END";
        return "CASE WHEN isfinite(t." + version_ + ") AND t." + version_ +
               " > '1970-01-01 00:00:00+00' THEN (extract(epoch FROM t." + version_ + ") * 1000000)::bigint ELSE " +
               std::to_string(answer_other) + " END";
    }

    [[nodiscard]] std::string insert(const part_encoder& part, std::string_view conflict) const
    {
        const auto names = joined(columns_, ", ");
        const auto values = joined(column_parameters_, ", ");
        const auto head = "INSERT INTO " + table_ + " (" + names + ") ";
        const auto rows = part.many ? "SELECT * FROM unnest(" + values + ") AS u" : "VALUES (" + values + ')';
        return head + rows + std::string(conflict) + ';';
    }

    [[nodiscard]] std::string update(const part_encoder& part) const
    {
        std::vector<std::string> sets;
        std::vector<std::string> names{"k", "expected", "next"};
        std::vector<std::string> arrays{key_parameter_, expected_parameter_, next_parameter_};
        for (std::size_t i = 0; i < columns_.size(); ++i)
        {
            names.push_back('c' + std::to_string(i + 1));
            arrays.push_back(column_parameters_[i]);
            sets.push_back(columns_[i] + " = " + (part.many ? "u." + names.back() : column_parameters_[i]));
        }
        sets.push_back(version_ + " = " + (part.many ? "u.next" : next_parameter_));
        const auto head = "UPDATE " + table_ + " AS t SET " + joined(sets, ", ");
        if (part.many)
            return head + " FROM unnest(" + joined(arrays, ", ") + ") AS u(" + joined(names, ", ") + ") WHERE t." +
                   key_ + " = u.k AND t." + version_ + is_version_ + "u.expected;";
        return head + " WHERE t." + key_ + " = " + key_parameter_ + " AND t." + version_ + is_version_ +
               expected_parameter_ + ';';
    }

    [[nodiscard]] std::string erase(const part_encoder& part) const
    {
        const auto head = "DELETE FROM " + table_ + " AS t";
        if (part.many)
        {
            if (version_.empty())
                return head + " USING unnest(" + key_parameter_ + ") AS u(k) WHERE t." + key_ + " = u.k;";
            return head + " USING unnest(" + key_parameter_ + ", " + expected_parameter_ +
                   ") AS u(k, expected) WHERE t." + key_ + " = u.k AND t." + version_ + is_version_ + "u.expected;";
        }
        const auto where = " WHERE t." + key_ + " = " + key_parameter_;
        return version_.empty() ? head + where + ';'
                                : head + where + " AND t." + version_ + is_version_ + expected_parameter_ + ';';
    }

    void raise(const part_encoder& part, std::string_view what)
    {
        line("    RAISE EXCEPTION USING ERRCODE = " + quote_literal(wrong_count_state) +
             ", SCHEMA = " + quote_literal(schema_) + ", TABLE = " + quote_literal(table_name_) + ',');
        line("        MESSAGE = format(" +
             quote_literal("rows of %I.%I " + std::string(what) + ": planned %s, found %s") + ", " +
             quote_literal(schema_) + ", " + quote_literal(table_name_) + ", " + planned(part) + ", changed);");
    }

    /// A process that was frozen and replaced writes nothing: who takes over holds this lock alone while the epoch grows,
    /// so it waits for the units under way, and those behind it see the new epoch.
    void add_fence()
    {
        line(fmt::format("PERFORM pg_catalog.pg_advisory_xact_lock_shared({}, $2::integer);", lease_lock_key(schema_)));
        line(fmt::format("IF NOT EXISTS (SELECT FROM bazaard.lease AS l WHERE l.schema_name = {} AND l.tag = $2 AND "
                         "l.epoch = $3) THEN",
                         quote_literal(schema_)));
        line(fmt::format("    RETURN {};", answer_fenced));
        line("END IF;");
    }

    void check_count(const part_encoder& part, std::string_view what)
    {
        line("IF changed <> " + planned(part) + " THEN");
        raise(part, what);
        line("END IF;");
    }

    void add_gate(const part_encoder& part)
    {
        switch (part.what)
        {
        case model::op::insert:
            line("IF $1 THEN");
            line("    " + insert(part, " ON CONFLICT (" + key_ + ") DO NOTHING"));
            line("    GET DIAGNOSTICS changed = ROW_COUNT;");
            line("    IF changed = 0 THEN");
            // A trigger of the user's own can keep a row away, too.
            line("        SELECT count(*) INTO changed FROM " + table_ + " AS t WHERE t." + key_ + " = " +
                 (part.many ? "ANY(" + key_parameter_ + ')' : key_parameter_) + ';');
            indent_ = 12;
            check_count(part, "neither there nor insertable");
            indent_ = 4;
            line("        RETURN " + std::to_string(answer_found) + ';');
            line("    END IF;");
            line("ELSE");
            line("    " + insert(part, ""));
            line("    GET DIAGNOSTICS changed = ROW_COUNT;");
            line("END IF;");
            check_count(part, "inserted");
            return;
        case model::op::update:
            line(update(part));
            add_found(part);
            check_count(part, "updated");
            return;
        case model::op::erase:
            line(erase(part));
            add_found(part);
            check_count(part, "deleted");
            return;
        }
    }

    /// What the gate of an update or a delete answers when it changed nothing.
    void add_found(const part_encoder& part)
    {
        line("GET DIAGNOSTICS changed = ROW_COUNT;");
        line("IF changed = 0 THEN");
        indent_ = 8;
        if (!part.many)
        {
            line("SELECT " + (version_.empty() ? std::to_string(answer_other) : version_number()) + " INTO seen FROM " +
                 table_ + " AS t WHERE t." + key_ + " = " + key_parameter_ + ';');
            line("RETURN CASE WHEN FOUND THEN coalesce(seen, " + std::to_string(answer_other) + ") ELSE " +
                 std::to_string(answer_absent) + " END;");
        }
        else
        {
            line("SELECT count(*) INTO changed FROM " + table_ + " AS t WHERE t." + key_ + " = ANY(" + key_parameter_ +
                 ");");
            line("IF changed = 0 THEN");
            line("    RETURN " + std::to_string(answer_absent) + ';');
            line("END IF;");
            if (part.what == model::op::update)
            {
                // Each row has a version of its own to compare with, so the comparison is made here.
                line("SELECT count(*) INTO changed FROM " + table_ + " AS t JOIN unnest(" + key_parameter_ + ", " +
                     next_parameter_ + ") AS u(k, next) ON t." + key_ + " = u.k WHERE t." + version_ + " >= u.next;");
                line("IF changed = " + planned(part) + " THEN");
                line("    RETURN " + std::to_string(answer_found) + ';');
                line("END IF;");
            }
            line("RETURN " + std::to_string(answer_other) + ';');
        }
        indent_ = 4;
        line("END IF;");
    }

    void add_follower(const part_encoder& part)
    {
        // `many` may be none.
        if (part.many)
        {
            line("IF " + planned(part) + " > 0 THEN");
            indent_ = 8;
        }
        switch (part.what)
        {
        case model::op::insert:
            line(insert(part, ""));
            break;
        case model::op::update:
            line(update(part));
            break;
        case model::op::erase:
            line(erase(part));
            break;
        }
        line("GET DIAGNOSTICS changed = ROW_COUNT;");
        check_count(part, part.what == model::op::insert   ? "inserted"
                          : part.what == model::op::update ? "updated"
                                                           : "deleted");
        indent_ = 4;
        if (part.many)
            line("END IF;");
    }

    std::string_view schema_;
    std::span<const model::table> tables_;
    std::vector<std::string> sql_types_;
    std::vector<unsigned> types_;
    std::vector<std::string> legend_;
    std::string body_;
    std::size_t indent_ = 4;

    // Of the part being written.
    std::string table_;
    std::string_view table_name_;
    std::string key_;
    std::string version_;
    wire version_kind_ = wire::timestamptz;
    std::string is_version_;  ///< Compares it; where it may be NULL, NULL is a version.
    std::string key_parameter_;
    std::string expected_parameter_;
    std::string next_parameter_;
    std::vector<std::string> columns_;
    std::vector<std::string> column_parameters_;
};

}  // namespace

std::int32_t lease_lock_key(std::string_view schema) noexcept
{
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(text_hash(schema)));
}

std::vector<part_encoder> make_part_encoders(std::span<const model::table> tables, const model::unit_kind& kind)
{
    std::vector<part_encoder> encoders;
    for (const auto& part : kind.parts)
    {
        expect(part.table < tables.size(), "a part names a table of its scenario");
        const auto& t = tables[part.table];
        part_encoder one;
        one.table = part.table;
        one.what = part.what;
        one.many = part.many;
        one.key_column = t.key;
        one.key = field_type::of(t.columns[t.key]);
        one.version_column = t.version;
        if (t.version != model::no_column)
            one.version = field_type::of(t.columns[t.version]);
        expect(part.what != model::op::update || t.version != model::no_column,
               "a table that is updated has a version");
        if (part.what == model::op::insert)
            one.columns = live_columns(t);
        else if (part.what == model::op::update)
            for (const auto number : part.columns)
                if (live(t.columns[number]))
                    one.columns.push_back(number);
        for (const auto number : one.columns)
            one.types.push_back(field_type::of(t.columns[number]));
        encoders.push_back(std::move(one));
    }
    expect(!encoders.empty(), "a kind of unit has a part");
    return encoders;
}

write_function make_write_function(std::string_view schema, std::span<const model::table> tables,
                                   const model::unit_kind& kind)
{
    function_text text(schema, tables);
    const auto parts = make_part_encoders(tables, kind);
    for (std::size_t i = 0; i < parts.size(); ++i)
        text.add(parts[i], i == 0 ? std::string("gate") : "part " + std::to_string(i + 1));
    return std::move(text).finish(kind.name);
}

std::vector<write_function> make_write_functions(std::string_view schema, std::span<const model::table> tables,
                                                 std::span<const model::unit_kind> kinds)
{
    std::vector<write_function> all;
    for (const auto& kind : kinds)
        all.push_back(make_write_function(schema, tables, kind));
    return all;
}

void encode_unit(parameters& out, std::span<const part_encoder> parts, std::span<const model::change> changes,
                 const model::key_codec& ids, std::int64_t epoch, bool replay)
{
    out.clear();
    out.add_bool(replay);
    out.add_int8(ids.tag());
    out.add_int8(epoch);
    std::size_t first = 0;
    for (const auto& part : parts)
    {
        std::size_t end = first;
        while (end < changes.size() && changes[end].what == part.what && changes[end].table == part.table &&
               (part.many || end == first))
            ++end;
        const auto rows = changes.subspan(first, end - first);
        expect(part.many || !rows.empty(), "a unit has the rows of its kind");
        expect(first != 0 || !rows.empty(), "the gate of a unit has a row");
        first = end;

        const auto key_of = [&](const model::change& c) -> const model::value&
        { return (c.after.empty() ? c.before : c.after)[part.key_column]; };
        const auto add = [&](field_type type, auto&& value_of)
        {
            if (!part.many)
                return out.add(type, value_of(rows.front()), ids);
            out.begin_array(type.type);
            for (const auto& row : rows)
                out.add_element(type, value_of(row), ids);
            out.end_array();
        };
        if (part.what != model::op::insert)
        {
            add(part.key, key_of);
            if (part.version_column != model::no_column)
                add(part.version,
                    [&](const model::change& c) -> const model::value& { return c.before[part.version_column]; });
            if (part.what == model::op::update)
                add(part.version,
                    [&](const model::change& c) -> const model::value& { return c.after[part.version_column]; });
        }
        for (std::size_t i = 0; i < part.columns.size(); ++i)
            add(part.types[i], [&](const model::change& c) -> const model::value& { return c.after[part.columns[i]]; });
    }
    expect(first == changes.size(), "a unit has no rows beyond those of its kind");
}

}  // namespace bazaar::postgres

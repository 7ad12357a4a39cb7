#include "copy.hpp"

#include <fmt/format.h>

#include "bazaar/postgres/encode.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

/// Of one message or of the COMMIT, which may wait for a disk or for a standby.
constexpr std::chrono::seconds long_deadline{90};

}  // namespace

copy_form::copy_form(const model::table& t) : width_(t.columns.size()), numbers_(live_columns(t))
{
    for (const auto number : numbers_)
    {
        types_.push_back(field_type::of(t.columns[number]));
        names_ += fmt::format("{}{}", names_.empty() ? "" : ", ", quote_identifier(t.columns[number].name));
    }
}

void copy_form::add(byte_buffer& out, std::span<const model::value> row, const model::key_codec& ids)
{
    expect(row.size() == width_, "a row has a value for each column of its table");
    values_.clear();
    for (const auto number : numbers_)
        values_.push_back(row[number]);
    encode_copy_row(out, types_, values_, ids);
}

table_copy::table_copy(const std::string& table, const model::table& t)
    : form_(t), sql_(fmt::format("COPY {} ({}) FROM STDIN WITH (FORMAT binary)", table, form_.columns()))
{
}

void table_copy::add(std::span<const model::value> row, const model::key_codec& ids)
{
    form_.add(out_, row, ids);
    ++rows_;
}

void table_copy::send(session& on)
{
    if (!begun_)
    {
        on.begin_copy(sql_);
        byte_buffer header;
        encode_copy_header(header);
        on.put_copy(header.view());
        begun_ = true;
    }
    on.put_copy(out_.view());
    out_.clear();
    rows_ = 0;
}

void table_copy::end(session& on)
{
    send(on);
    encode_copy_trailer(out_);
    on.put_copy(out_.view());
    on.end_copy();
    clear();
}

void table_copy::clear() noexcept
{
    out_.clear();
    rows_ = 0;
    begun_ = false;
}

void copy_rows(session& on, std::string_view schema, const model::table& t, const model::key_codec& ids,
               std::size_t batch_rows, const row_source& rows)
{
    table_copy to(quote_qualified(schema, t.name), t);
    rows(
        [&](std::span<const model::value> row)
        {
            to.add(row, ids);
            if (to.rows() >= batch_rows)
                to.send(on);
        });
    to.end(on);
}

std::string make_newer_rows(std::string_view place)
{
    return fmt::format("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP", newer_rows, place);
}

std::string take_newer_rows(std::string_view place, const model::table& t)
{
    std::string set;
    for (const auto number : live_columns(t))
        if (number != t.key)
            set += fmt::format("{0}{1} = n.{1}", set.empty() ? "" : ", ", quote_identifier(t.columns[number].name));
    return fmt::format("UPDATE {0} AS t SET {1} FROM {2} AS n WHERE t.{3} = n.{3} AND t.{4} IS DISTINCT FROM n.{4}",
                       place, set, newer_rows, quote_identifier(t.columns[t.key].name),
                       quote_identifier(t.columns[t.version].name));
}

long_transaction::long_transaction(session& on) : session_(on), usual_deadline_(on.call_deadline()), transaction_(on)
{
    session_.exec("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'");
    session_.call_deadline(long_deadline);
}

long_transaction::~long_transaction()
{
    session_.call_deadline(usual_deadline_);
}

void long_transaction::commit()
{
    transaction_.commit();
}

}  // namespace bazaar::postgres

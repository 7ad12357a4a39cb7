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

void copy_rows(session& on, std::string_view schema, const model::table& t, const id_codec& ids, std::size_t batch_rows,
               const row_source& rows)
{
    const auto numbers = live_columns(t);
    std::vector<field_type> types;
    std::vector<std::string> names;
    for (const auto number : numbers)
    {
        types.push_back(field_type::of(t.columns[number]));
        names.push_back(quote_identifier(t.columns[number].name));
    }
    on.begin_copy(fmt::format("COPY {} ({}) FROM STDIN WITH (FORMAT binary)", quote_qualified(schema, t.name),
                              fmt::join(names, ", ")));
    byte_buffer out;
    encode_copy_header(out);
    std::vector<model::value> values;
    std::size_t batched = 0;
    rows(
        [&](std::span<const model::value> row)
        {
            expect(row.size() == t.columns.size(), "a row has a value for each column of its table");
            values.clear();
            for (const auto number : numbers)
                values.push_back(row[number]);
            encode_copy_row(out, types, values, ids);
            if (++batched < batch_rows)
                return;
            on.put_copy(out.view());
            out.clear();
            batched = 0;
        });
    encode_copy_trailer(out);
    on.put_copy(out.view());
    on.end_copy();
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

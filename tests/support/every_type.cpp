#include "support/every_type.hpp"

#include <limits>

namespace bazaar::test
{
namespace
{

using namespace std::string_view_literals;
using model::type;
using model::value;

constexpr auto timestamptz = "timestamp with time zone"sv;
constexpr std::array number_columns{model::column{"id", "bigint", type::ref}};
constexpr std::array code_columns{model::column{"id", "text", type::ref}};

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
/// The first and the last microsecond of the years 1 to 9999.
constexpr time first{-62'135'596'800'000'000}, last{253'402'300'799'999'999};

}  // namespace

every_type::every_type()
    : columns{
          {"id", "uuid", type::ref},
          {"number_id", "bigint", type::ref},
          {"code_id", "text", type::ref},
          {"flag", "boolean", type::boolean},
          {"count", "bigint", type::int64},
          {"price", "numeric", type::decimal, 2},
          {"ratio", "double precision", type::float64},
          {"title", "text", type::text},
          {"blob", "bytea", type::bytes},
          {"at", timestamptz, type::timestamp},
          {"day", "date", type::date},
          {"document", "jsonb", type::json},
          {"flag_or", "boolean", type::boolean, 0, true},
          {"count_or", "bigint", type::int64, 0, true},
          {"price_or", "numeric(12,4)", type::decimal, 4, true},
          {"ratio_or", "double precision", type::float64, 0, true},
          {"title_or", "text", type::text, 0, true},
          {"blob_or", "bytea", type::bytes, 0, true},
          {"at_or", timestamptz, type::timestamp, 0, true},
          {"day_or", "date", type::date, 0, true},
          {"document_or", "jsonb", type::json, 0, true},
          {"id_or", "uuid", type::ref, 0, true},
      },
      tables{model::table{.name = "every_type", .columns = columns, .sink = model::target::kafka},
             model::table{.name = "numbered", .columns = number_columns, .keys = model::key_form::of_bigint(1)},
             model::table{.name = "coded", .columns = code_columns, .keys = model::key_form::of_sequence("C", 9)}},
      keys(run_tag("main"), 42, tables)
{
}

std::vector<value> every_type::ordinary() const
{
    return {value::of(row_id{0, 7, 3}),
            value::of(row_id{1, 41, 3}),
            value::of(row_id{2, 303, 3}),
            value::of_bool(true),
            value::of(std::int64_t{-5}),
            value::of_decimal(-12'345),
            value::of(0.1),
            value::of("Stuhl"sv),
            value::of("\x01\x02\xff"sv, type::bytes),
            value::of(time{1'769'903'999'123'456}),
            value::of_date(20'484),
            value::of(R"({"a": [1, 2.50, null], "b": "x"})"sv, type::json),
            value::of_bool(false),
            value::of(std::int64_t{17}),
            value::of_decimal(123'456),
            value::of(-2.5),
            value::of("Tisch"sv),
            value::of("ab"sv, type::bytes),
            value::of(time{-1}),
            value::of_date(-1),
            value::of("[]"sv, type::json),
            value::of(row_id{0, 8, 3})};
}

std::vector<value> every_type::lowest() const
{
    auto row = ordinary();
    row[count] = value::of(least);
    row[price] = value::of_decimal(least);
    row[ratio] = value::of(std::numeric_limits<double>::lowest());
    row[at] = value::of(first);
    row[day] = value::of_date(-719'162);
    row[count_or] = value::of(least);
    row[price_or] = value::of_decimal(-999'999'999'999);
    row[ratio_or] = value::of(std::numeric_limits<double>::denorm_min());
    row[at_or] = value::of(first);
    row[day_or] = value::of_date(-719'162);
    return row;
}

std::vector<value> every_type::highest() const
{
    auto row = ordinary();
    row[id] = value::of(row_id{0, row_end - 1, no_unit});
    row[number_id] = value::of(row_id{1, row_end - 1, no_unit});
    row[code_id] = value::of(row_id{2, 999'999'999, no_unit});
    row[count] = value::of(most);
    row[price] = value::of_decimal(most);
    row[ratio] = value::of(std::numeric_limits<double>::max());
    row[at] = value::of(last);
    row[day] = value::of_date(2'932'896);
    row[count_or] = value::of(most);
    row[price_or] = value::of_decimal(999'999'999'999);
    row[ratio_or] = value::of(-std::numeric_limits<double>::min());
    row[at_or] = value::of(last);
    row[day_or] = value::of_date(2'932'896);
    return row;
}

std::vector<value> every_type::empty() const
{
    auto row = std::vector<value>(columns.size());
    row[id] = value::of(row_id{0, 0, 0});
    row[number_id] = value::of(row_id{1, 0, 0});
    row[code_id] = value::of(row_id{2, 0, 0});
    row[flag] = value::of_bool(false);
    row[count] = value::of(std::int64_t{0});
    row[price] = value::of_decimal(0);
    row[ratio] = value::of(0.0);
    row[title] = value::of(""sv);
    row[blob] = value::of(""sv, type::bytes);
    row[at] = value::of(time{0});
    row[day] = value::of_date(0);
    row[document] = value::of("null"sv, type::json);
    return row;
}

std::vector<value> every_type::odd() const
{
    auto row = empty();
    row[title] = value::of(
        "\"quoted\" \\ \n\r\t\x01 \x7f </script> \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8"sv);
    row[blob] = value::of("\0\xff\0"sv, type::bytes);
    row[ratio] = value::of(-0.0);
    row[flag_or] = value::of_bool(false);
    row[count_or] = value::of(std::int64_t{0});
    row[price_or] = value::of_decimal(0);
    row[ratio_or] = value::of(0.0);
    row[title_or] = value::of(""sv);
    row[blob_or] = value::of(""sv, type::bytes);
    row[at_or] = value::of(time{0});
    row[day_or] = value::of_date(0);
    row[document_or] = value::of("\"\xe2\x82\xac\""sv, type::json);
    row[id_or] = value::of(row_id{0, 0, 0});
    return row;
}

kafka::outlet every_type::outlet(kafka::record_format format) const
{
    kafka::outlet made;
    made.topic = "every.type";
    made.format = format;
    made.record = "EveryType";
    made.space = "shop.test";
    made.key = id;
    return made;
}

}  // namespace bazaar::test

#include "bazaar/verify/debezium.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>
#include <simdjson.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/key_codec.hpp"

namespace bazaar::verify
{
namespace
{

namespace dom = simdjson::dom;
using json = dom::element;
using json_type = dom::element_type;

constexpr int base64_bad = -1;

int base64_digit(char c) noexcept
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : base64_bad;
}

std::optional<std::string> from_base64(std::string_view text)
{
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text)
    {
        const int digit = base64_digit(c);
        if (digit == base64_bad)
            return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if ((count += 6) >= 8)
            bytes += static_cast<char>(bits >> (count -= 8) & 0xff);
    }
    return bytes;
}

/// Big-endian two's complement, as Java's BigInteger writes it.
std::optional<std::int64_t> from_big_endian(std::string_view bytes)
{
    if (bytes.empty() || bytes.size() > 8)
        return std::nullopt;  // No number of a planned column.
    std::uint64_t number = static_cast<signed char>(bytes[0]) < 0 ? ~std::uint64_t{0} : 0;
    for (const char c : bytes)
        number = number << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(number);
}

/// The transactions that have begun, once and more than once: two bits each, as the server numbers them one after another.
class begun_transactions
{
public:
    void note(std::uint64_t transaction)
    {
        auto& [once, again] = blocks_[transaction / block_size];
        const auto at = transaction % block_size;
        again[at] = once[at];
        once[at] = true;
    }

    [[nodiscard]] bool again(std::uint64_t transaction) const
    {
        const auto at = blocks_.find(transaction / block_size);
        return at != blocks_.end() && at->second.again[transaction % block_size];
    }

private:
    static constexpr std::size_t block_size = 4096;
    struct block
    {
        std::bitset<block_size> once, again;
    };
    std::unordered_map<std::uint64_t, block> blocks_;
};

std::optional<std::int64_t> integer_of(json value)
{
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS)
        return number;
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS)
        return std::nullopt;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// PostgreSQL's own limit.
constexpr std::int64_t scale_max = 16'383;

/// The same number with another scale; nothing where it cannot be said so.
std::optional<std::int64_t> rescaled(std::int64_t units, int from, int to)
{
    if (units == 0)
        return 0;
    for (; from < to; ++from)
        if (__builtin_mul_overflow(units, std::int64_t{10}, &units))
            return std::nullopt;
    for (; from > to; --from, units /= 10)
        if (units % 10 != 0)
            return std::nullopt;
    return units;
}

/// decimal.handling.mode string, double or precise; VariableScaleDecimal.
std::optional<std::int64_t> decimal_of(json value, int scale)
{
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS)
    {
        // The string form always has all digits behind the point; base64 has no point.
        if (scale == 0 || text.find('.') != text.npos)
            return parse_decimal(text, scale);
        const auto bytes = from_base64(text);
        return bytes ? from_big_endian(*bytes) : std::nullopt;
    }
    double number = 0;
    if (value.get(number) == simdjson::SUCCESS)
    {
        double power = 1;
        for (int i = 0; i < scale; ++i)
            power *= 10;
        const double units = std::nearbyint(number * power);
        // The nearest double of the number that is meant must be this one.
        return std::abs(units) < 9e15 && units / power == number ? std::optional(static_cast<std::int64_t>(units))
                                                                 : std::nullopt;
    }
    std::int64_t its_scale = 0;
    if (value["scale"].get(its_scale) != simdjson::SUCCESS || value["value"].get(text) != simdjson::SUCCESS ||
        std::abs(its_scale) > scale_max)
        return std::nullopt;
    const auto bytes = from_base64(text);
    const auto units = bytes ? from_big_endian(*bytes) : std::nullopt;
    return units ? rescaled(*units, static_cast<int>(its_scale), scale) : std::nullopt;
}

/// The one form that is configured; nothing where the value does not have it.
std::optional<std::int64_t> decimal_as(encodings::decimals form, json value, int scale)
{
    std::string_view text;
    const bool is_text = value.get(text) == simdjson::SUCCESS;
    if (form == encodings::decimals::text)
        return is_text ? parse_decimal(text, scale) : std::nullopt;
    if (form == encodings::decimals::real)
        return is_text || value.is_object() ? std::nullopt : decimal_of(value, scale);
    if (!is_text)  // Unconstrained numerics are objects.
        return value.is_object() ? decimal_of(value, scale) : std::nullopt;
    const auto bytes = from_base64(text);
    return bytes ? from_big_endian(*bytes) : std::nullopt;
}

/// The same.
bool moment_as(encodings::moments unit, json value, told& out)
{
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS || unit == encodings::moments::none)
        return false;
    if (unit == encodings::moments::milliseconds)
    {
        if (__builtin_mul_overflow(number, std::int64_t{1000}, &number))
            return false;
        out.resolution = 1000;
    }
    else if (unit == encodings::moments::nanoseconds)
        number /= 1000;
    out.v = model::value::of(time{number});
    return true;
}

/// ISO text, or a number whose size tells its unit: the years 1971 to 2200 of one unit are none of another.
bool moment_of(json value, told& out)
{
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS)
    {
        const auto moment = parse_time(text);
        if (moment)
            out.v = model::value::of(*moment);
        return moment.has_value();
    }
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS)
        return false;
    constexpr std::int64_t second_max = 7'260'000'000;
    if (number == std::numeric_limits<std::int64_t>::min())
        return false;
    const auto size = std::abs(number);
    if (size > second_max * 1'000'000)
        number /= 1000;  // Nanoseconds.
    else if (size > second_max && size <= second_max * 1000)
    {
        number *= 1000;
        out.resolution = 1000;
    }
    else if (size <= second_max)
    {
        number *= 1'000'000;
        out.resolution = 1'000'000;
    }
    out.v = model::value::of(time{number});
    return true;
}

bool date_of(json value, told& out)
{
    std::int64_t days = 0;
    if (value.get(days) == simdjson::SUCCESS)
    {
        out.v = model::value::of_date(days);
        return true;
    }
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS)
        return false;
    const auto moment = parse_time(text.substr(0, text.find_last_of("zZ")));
    if (!moment)
        return false;
    constexpr std::int64_t day = 86'400'000'000;
    out.v = model::value::of_date((moment->us - (moment->us % day + day) % day) / day);
    return true;
}

/// `odd`: what the configuration says of a value that has another form; it is then read as recognised.
bool convert(json value, const model::column& c, const encodings& how, told& out, const char*& odd)
{
    std::string_view text;
    const auto kind = model::spelled(c);
    switch (kind)
    {
    case model::type::ref:
    {
        const auto id = value.get(text) == simdjson::SUCCESS ? parse_uuid(text) : std::nullopt;
        if (id)
            out.id = *id;
        return id.has_value();
    }
    case model::type::int64:
    {
        const auto number = integer_of(value);
        if (number)
            out.v = model::value::of(*number);
        return number.has_value();
    }
    case model::type::decimal:
    {
        const bool any = how.money == encodings::decimals::recognised;
        auto units = any ? std::nullopt : decimal_as(how.money, value, c.scale);
        if (!units && (units = decimal_of(value, c.scale)) && !any)
            odd = "decimal.handling.mode";
        if (units)
            out.v = model::value::of_decimal(*units);
        return units.has_value();
    }
    case model::type::float64:
    {
        double number = 0;
        if (value.get(number) != simdjson::SUCCESS)
            return false;
        out.v = model::value::of(number);
        return true;
    }
    case model::type::boolean:
    {
        bool flag = false;
        if (value.get(flag) != simdjson::SUCCESS)
            return false;
        out.v = model::value::of_bool(flag);
        return true;
    }
    case model::type::timestamp:
        if (how.time == encodings::moments::recognised || value.is_string())
            return moment_of(value, out);
        if (!moment_as(how.time, value, out))
        {
            odd = "time.precision.mode";
            return moment_of(value, out);
        }
        return true;
    case model::type::date:
        return date_of(value, out);
    case model::type::text:
    case model::type::json:
    case model::type::bytes:
        if (value.get(text) != simdjson::SUCCESS)
            return false;
        out.v = model::value::of(text, kind);
        return true;
    }
    return false;
}

}  // namespace

class debezium_reader::work
{
public:
    work(std::span<const model::table> tables, std::string schema, encodings how)
        : tables_(tables), schema_(std::move(schema)), how_(std::move(how))
    {
    }

    outcome read(std::string_view topic, std::string_view payload, change_event& out)
    {
        odd_ = nullptr;
        if (payload.empty() || payload == "null")
            return outcome::other;
        json root;
        if (const auto failed = value_parser_.parse(payload.data(), payload.size()).get(root))
            return broken(fmt::format("no JSON: {}", simdjson::error_message(failed)));
        return message(topic, root, out);
    }

    outcome read_line(std::string_view line, change_event& out)
    {
        odd_ = nullptr;
        json root;
        if (const auto failed = line_parser_.parse(line.data(), line.size()).get(root))
            return broken(fmt::format("no JSON: {}", simdjson::error_message(failed)));
        if (root.is_null())
            return outcome::other;  // A tombstone, as a consumer of values prints it.
        dom::object all;
        if (root.get(all) != simdjson::SUCCESS)
            return broken("no JSON object");
        std::string_view topic;
        json payload;
        const bool wrapped = all["topic"].get(topic) == simdjson::SUCCESS;
        if (!wrapped)
            return message({}, root, out);
        if (all["payload"].get(payload) != simdjson::SUCCESS && all["value"].get(payload) != simdjson::SUCCESS)
            return broken("a message without payload");
        std::int64_t number = 0;
        stream_.assign(topic);
        out.stream = stream_;
        if (all["partition"].get(number) == simdjson::SUCCESS)
            out.partition = static_cast<std::int32_t>(number);
        if (all["offset"].get(number) == simdjson::SUCCESS)
            out.offset = number;
        std::string_view text;
        return payload.get(text) == simdjson::SUCCESS ? read(stream_, text, out) : message(stream_, payload, out);
    }

    bool read_end(std::string_view payload, transaction_end& out)
    {
        json root, value, inner;
        if (payload.empty() || value_parser_.parse(payload.data(), payload.size()).get(root) != simdjson::SUCCESS)
            return false;
        value = root["payload"].get(inner) == simdjson::SUCCESS ? inner : root;
        std::string_view status, id;
        if (value["status"].get(status) != simdjson::SUCCESS || (status != "BEGIN" && status != "END") ||
            value["id"].get(id) != simdjson::SUCCESS)
            return false;
        // "571:53195832"; the second half differs from that of its changes.
        const auto colon = std::min(id.find(':'), id.size());
        const auto number_in = [](std::string_view text)
        {
            std::uint64_t number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return number;
        };
        out.transaction = number_in(id.substr(0, colon));
        if (status == "BEGIN")
        {
            begun_.note(out.transaction);
            return false;
        }
        out.again = begun_.again(out.transaction);
        out.lsn = number_in(id.substr(std::min(colon + 1, id.size())));
        out.counts.assign(tables_.size(), 0);
        dom::array each;
        if (value["data_collections"].get(each) == simdjson::SUCCESS)
            for (const auto one : each)
            {
                std::string_view name;
                const auto table = one["data_collection"].get(name) == simdjson::SUCCESS &&
                                           name.size() > schema_.size() && name.starts_with(schema_) &&
                                           name[schema_.size()] == '.'
                                       ? table_named(name.substr(schema_.size() + 1))
                                       : std::nullopt;
                if (table)
                    out.counts[*table] += number(one, "event_count");
            }
        return out.transaction != 0;
    }

    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
    [[nodiscard]] const char* odd() const noexcept { return odd_; }

private:
    outcome broken(std::string line)
    {
        problem_ = std::move(line);
        return outcome::broken;
    }

    outcome message(std::string_view topic, json root, change_event& out)
    {
        json value = root;
        json inner;
        // With schemas: {"schema": ..., "payload": ...}.
        const bool schemas = root["schema"].get(inner) == simdjson::SUCCESS &&
                             root["payload"].get(inner) == simdjson::SUCCESS;
        if (schemas)
            value = inner;
        if (value.is_null())
            return outcome::other;
        if (!value.is_object())
            return broken("no message of Debezium");
        std::string_view op;
        const bool enveloped = value["op"].get(op) == simdjson::SUCCESS &&
                               value["source"].get(inner) == simdjson::SUCCESS;
        if (enveloped || value[how_.op].get(op) == simdjson::SUCCESS)
        {
            if (how_.schemas.value_or(schemas) != schemas)
                odd_ = "value.converter.schemas.enable";
            else if (how_.flat.value_or(!enveloped) == enveloped)
                odd_ = "transforms";
            return enveloped ? envelope(value, inner, op, out) : flattened(topic, value, op, out);
        }
        // Transaction metadata, heartbeats; flattened messages that do not tell their operation prove nothing.
        if (value["status"].get(inner) == simdjson::SUCCESS || value["ts_ms"].get(inner) == simdjson::SUCCESS)
            return outcome::other;
        return broken(value["id"].get(inner) == simdjson::SUCCESS
                          ? fmt::format("a flattened row without {} (transforms.*.add.fields=op,lsn,txId)", how_.op)
                          : "no message of Debezium");
    }

    static bool set_kind(std::string_view op, change_event& out)
    {
        if (op.size() != 1)
            return false;
        switch (op[0])
        {
        case 'c':
            out.what = change_event::kind::create;
            return true;
        case 'u':
            out.what = change_event::kind::update;
            return true;
        case 'd':
            out.what = change_event::kind::erase;
            return true;
        case 'r':
            out.what = change_event::kind::read;
            return true;
        case 't':
            out.what = change_event::kind::truncate;
            return true;
        default:
            return false;
        }
    }

    [[nodiscard]] std::optional<std::uint8_t> table_named(std::string_view name) const
    {
        for (std::size_t i = 0; i < tables_.size(); ++i)
            if (tables_[i].name == name)
                return static_cast<std::uint8_t>(i);
        return std::nullopt;
    }

    static std::uint64_t number(json from, std::string_view name)
    {
        std::int64_t value = 0;
        return from[name].get(value) == simdjson::SUCCESS && value > 0 ? static_cast<std::uint64_t>(value) : 0;
    }

    static std::string unknown_op(std::string_view op)
    {
        return fmt::format("op {} is none of Debezium's: c, u, d, r, t", op);
    }

    /// When the connector made the message, by the finest of its fields; 0: not reported.
    static std::uint64_t stamp_of(json value, std::string_view prefix)
    {
        for (const auto* const field : {"ts_ns", "ts_us", "ts_ms"})
            if (const auto stamp = number(value, fmt::format("{}{}", prefix, field)); stamp != 0)
                return stamp;
        return 0;
    }

    static change_event::origin origin_of(json source, std::string_view field)
    {
        using origin = change_event::origin;
        std::string_view text;
        bool flag = false;
        if (source[field].get(flag) == simdjson::SUCCESS)
            return flag ? origin::snapshot : origin::stream;
        if (source[field].get(text) != simdjson::SUCCESS)
            return origin::unknown;
        return text == "false"                     ? origin::stream
               : text == "incremental"             ? origin::incremental
               : text == "last"                    ? origin::snapshot_over
               : text == "last_in_data_collection" ? origin::snapshot_end
                                                   : origin::snapshot;
    }

    outcome envelope(json value, json source, std::string_view op, change_event& out)
    {
        std::string_view schema, table;
        if (source["table"].get(table) != simdjson::SUCCESS)
            return outcome::other;  // A logical message.
        if (source["schema"].get(schema) == simdjson::SUCCESS && schema != schema_)
            return outcome::other;
        const auto found = table_named(table);
        if (!found)
            return outcome::other;
        if (!set_kind(op, out))
            return broken(unknown_op(op));
        out.table = *found;
        out.transaction = number(source, "txId");
        out.lsn = number(source, "lsn");
        out.stamp = stamp_of(value, "");
        json metadata;
        out.counted = value["transaction"].get(metadata) == simdjson::SUCCESS && metadata.is_object();
        out.from = origin_of(source, "snapshot");
        json side;
        out.has_before = value["before"].get(side) == simdjson::SUCCESS && side.is_object();
        fill(out.has_before ? &side : nullptr, out.table, out.before);
        json after;
        out.has_after = value["after"].get(after) == simdjson::SUCCESS && after.is_object();
        fill(out.has_after ? &after : nullptr, out.table, out.after);
        if (out.what == change_event::kind::truncate)
        {
            out.key = {};
            return outcome::change;
        }
        if (!out.has_after && !out.has_before)
            return broken("an event without a row");
        out.key = (out.has_after ? out.after : out.before)[tables_[out.table].key];
        return outcome::change;
    }

    outcome flattened(std::string_view topic, json value, std::string_view op, change_event& out)
    {
        std::string_view table;
        if (value[how_.table].get(table) != simdjson::SUCCESS)
        {
            const auto named = how_.topics.find(topic);
            table = named != how_.topics.end()
                        ? std::string_view(named->second)
                        : topic.substr(topic.rfind('.') == topic.npos ? 0 : topic.rfind('.') + 1);
        }
        const auto found = table_named(table);
        if (!found)
            return outcome::other;
        if (!set_kind(op, out))
            return broken(unknown_op(op));
        out.table = *found;
        out.transaction = number(value, how_.transaction);
        out.lsn = number(value, how_.lsn);
        out.stamp = how_.stamp.empty() ? stamp_of(value, "__") : number(value, how_.stamp);
        out.from = origin_of(value, how_.snapshot);
        out.counted = false;
        const bool erased = out.what == change_event::kind::erase;
        out.has_before = erased;
        out.has_after = !erased;
        fill(erased ? &value : nullptr, out.table, out.before);
        fill(erased ? nullptr : &value, out.table, out.after);
        out.key = (erased ? out.before : out.after)[tables_[out.table].key];
        return outcome::change;
    }

    /// One entry for each column of the plan; none without a row.
    void fill(const json* row, std::uint8_t table, told_row& out)
    {
        out.clear();
        dom::object fields;
        if (row == nullptr || row->get(fields) != simdjson::SUCCESS)
            return;
        const auto columns = tables_[table].columns;
        out.resize(columns.size());
        // Debezium keeps the order of the table, which is that of the plan unless somebody has altered it.
        std::size_t next = 0;
        for (const auto field : fields)
        {
            std::size_t at = next;
            while (at < columns.size() && columns[at].name != field.key)
                ++at;
            for (std::size_t i = 0; at == columns.size() && i < next; ++i)
                if (columns[i].name == field.key)
                    at = i;
            if (at == columns.size())
                continue;
            next = at + 1 < columns.size() ? at + 1 : 0;
            take(field.value, columns[at], out[at]);
        }
    }

    void take(json value, const model::column& c, told& out)
    {
        if (value.is_null())
        {
            out.what = told::state::null;
            return;
        }
        std::string_view text;
        const bool is_text = value.get(text) == simdjson::SUCCESS;
        if (is_text && text == how_.unavailable)
            return;
        if (convert(value, c, how_, out, odd_))
        {
            out.what = told::state::value;
            return;
        }
        out.what = told::state::unreadable;
        out.text = is_text ? text : std::string_view("(another type)");
    }

    std::span<const model::table> tables_;
    std::string schema_;
    const encodings how_;
    const char* odd_ = nullptr;
    begun_transactions begun_;
    dom::parser line_parser_, value_parser_;
    std::string stream_, problem_;
};

debezium_reader::debezium_reader(std::span<const model::table> tables, std::string schema, encodings how)
    : work_(std::make_unique<work>(tables, std::move(schema), std::move(how)))
{
}
debezium_reader::~debezium_reader() = default;

debezium_reader::outcome debezium_reader::read(std::string_view topic, std::string_view payload, change_event& out)
{
    return work_->read(topic, payload, out);
}

debezium_reader::outcome debezium_reader::read_line(std::string_view line, change_event& out)
{
    return work_->read_line(line, out);
}

bool debezium_reader::read_end(std::string_view payload, transaction_end& out)
{
    return work_->read_end(payload, out);
}

const std::string& debezium_reader::problem() const noexcept
{
    return work_->problem();
}

std::string_view debezium_reader::odd() const noexcept
{
    return work_->odd() != nullptr ? work_->odd() : std::string_view();
}

}  // namespace bazaar::verify

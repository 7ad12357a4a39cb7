#include "support/demo_scenario.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/base/fixed.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::test
{
namespace
{

using bazaar::scenario::field;
using bazaar::scenario::field_kind;
using model::column;
using model::op;
using model::part;
using model::type;
using model::value;
using namespace std::string_view_literals;

constexpr auto timestamptz = "timestamp with time zone"sv;

constexpr std::array sensor_columns{
    column{"id", "uuid", type::ref},
    column{"site_id", "bigint", type::int64},
    column{"name", "text", type::text},
    column{"note", "text", type::text, 0, true},
    column{"last_value", "numeric(10,2)", type::decimal, 2, true},
    column{"updated_at", timestamptz, type::timestamp},
};
enum : std::uint8_t
{
    sensor_id,
    sensor_site,
    sensor_name,
    sensor_note,
    sensor_last_value,
    sensor_updated_at,
};
constexpr std::array sensor_keys{model::foreign_key{"site_id", "site"}};
constexpr std::array sensor_checks{model::check{"sensor_name_check", "name <> ''"}};
constexpr std::array sensor_indexes{model::index{"sensor_name_key", "name", true}};

constexpr std::array reading_columns{
    column{"id", "uuid", type::ref},
    column{"sensor_id", "uuid", type::ref},
    column{"amount", "numeric(10,2)", type::decimal, 2},
    column{"comment", "text", type::text, 0, true},
    column{"taken_at", timestamptz, type::timestamp},
};
constexpr std::array reading_keys{model::foreign_key{"sensor_id", "sensor"}};
constexpr std::array reading_indexes{model::index{"reading_sensor_idx", "sensor_id, taken_at DESC"}};

constexpr std::array site_columns{column{"id", "bigint", type::int64},
                                  column{"name", "character varying(40)", type::text}};
constexpr std::array pulse_columns{column{"id", "integer", type::int64}, column{"ts", timestamptz, type::timestamp}};

// The child stands before its parent in some scenario, so that nobody relies on the order: site after sensor.
constexpr std::array tables_{
    model::table{.name = "sensor",
                 .columns = sensor_columns,
                 .version = sensor_updated_at,
                 .foreign_keys = sensor_keys,
                 .checks = sensor_checks,
                 .indexes = sensor_indexes},
    model::table{
        .name = "reading", .columns = reading_columns, .foreign_keys = reading_keys, .indexes = reading_indexes},
    model::table{.name = "site", .columns = site_columns, .kept_by = model::role::fixed},
    model::table{.name = "pulse", .columns = pulse_columns, .kept_by = model::role::heartbeat},
};

// The same with keys that are no uuids: of a sensor a text of fixed width, of a reading a number.
constexpr std::array keyed_sensor_columns{
    column{"id", "character varying(10)", type::ref},
    sensor_columns[sensor_site],
    sensor_columns[sensor_name],
    sensor_columns[sensor_note],
    sensor_columns[sensor_last_value],
    sensor_columns[sensor_updated_at],
};
constexpr std::array keyed_reading_columns{
    column{"id", "bigint", type::ref},
    column{"sensor_id", "character varying(10)", type::ref},
    reading_columns[2],
    reading_columns[3],
    reading_columns[4],
};
constexpr model::table keyed(model::table t, std::span<const column> columns, model::key_form keys)
{
    t.columns = columns;
    t.keys = keys;
    return t;
}
constexpr std::array keyed_tables_{
    keyed(tables_[0], keyed_sensor_columns, model::key_form::of_sequence("C", 9, 200'000'000)),
    keyed(tables_[1], keyed_reading_columns, model::key_form::of_bigint()),
    tables_[2],
    tables_[3],
};

/// Each of them is another text where somebody forgets a quote, or is none.
const model::key_list& odd_texts()
{
    static const auto all = []
    {
        constexpr std::array beginnings{"a,b"sv, "{x}"sv, "\"q\""sv, "back\\"sv, " "sv, "é☃"sv, "it's"sv, "$1::"sv};
        std::vector<std::string> texts{"NULL", "{}", "\\", "\""};
        while (texts.size() < 2'000)
            texts.push_back(std::string(beginnings[texts.size() % beginnings.size()]) + std::to_string(texts.size()));
        return texts;
    }();
    static const model::key_list list(std::vector<std::string_view>(all.begin(), all.end()));
    return list;
}

std::span<const model::table> listed_tables()
{
    static const std::array tables{keyed(tables_[0], keyed_sensor_columns, odd_texts().form()), keyed_tables_[1],
                                   tables_[2], tables_[3]};
    return tables;
}

constexpr std::array adjusted{std::uint8_t{sensor_note}, std::uint8_t{sensor_last_value}};
constexpr std::array recorded{std::uint8_t{sensor_last_value}};
constexpr std::array install_parts{part{op::insert, demo_scenario::sensor},
                                   part{op::insert, demo_scenario::reading, true}};
constexpr std::array measure_parts{part{op::insert, demo_scenario::reading, true}};
constexpr std::array adjust_parts{part{op::update, demo_scenario::sensor, false, adjusted}};
constexpr std::array record_parts{part{op::insert, demo_scenario::reading},
                                  part{op::update, demo_scenario::sensor, false, recorded}};
constexpr std::array forget_parts{part{op::erase, demo_scenario::reading, true},
                                  part{op::erase, demo_scenario::sensor}};
constexpr std::array kinds_{
    model::unit_kind{"install", install_parts}, model::unit_kind{"measure", measure_parts},
    model::unit_kind{"adjust", adjust_parts},   model::unit_kind{"record", record_parts},
    model::unit_kind{"forget", forget_parts},
};

constexpr std::array fields_{
    field{
        .name = "sensors", .initial = "5", .low = 1, .high = 1000, .placeholder = "N", .help = "sensors at the start"},
    field{.name = "rate",
          .initial = "10",
          .scale = 3,
          .low = 1,
          .high = 1'000'000'000,
          .placeholder = "N",
          .help = "units a second",
          .steerable = true,
          .pace = true},
};
constexpr std::size_t rate_field = 1;

/// Arguments of a decision.
enum argument : std::uint8_t
{
    of_sensor,      ///< Row number.
    of_unit,        ///< The unit that inserted it.
    first_reading,  ///< Row numbers from here on.
    reading_count,
    version_before,  ///< Of the sensor, microseconds.
    value_before,    ///< Version that set last_value, 0 for none.
    note_before,     ///< Version that set the note, 0 for none.
};

constexpr std::array<std::string_view, 6> remarks{"plain",         "it's \"quoted\"", "back\\slash",
                                                  "Zürich ☃ 東京", "two\nlines",      ""};

struct sensor_state
{
    unit_no inserted = no_unit;
    unit_no last_writer = no_unit;
    std::int64_t version = 0;
    std::int64_t value = 0;
    std::int64_t note = 0;
};

constexpr std::int64_t day = 86'400'000'000;

class demo_planner final : public bazaar::scenario::planner
{
public:
    demo_planner(std::uint64_t seed, std::int64_t sensors, std::int64_t rate, time start)
        : seed_(seed), rate_(rate), from_(start), last_(start)
    {
        for (std::int64_t i = 0; i < sensors; ++i)
            sensors_.push_back({.version = start.us - day});
        draw_gap();
    }

    [[nodiscard]] time next_at() const override
    {
        const auto scale = static_cast<std::uint64_t>(rate_) << 32;
        const time due{from_.us + static_cast<std::int64_t>(scaled(gap_, 1'000'000'000, scale))};
        return std::max(due, last_ + microseconds(1));
    }

    model::decision next() override
    {
        model::decision made;
        made.no = no_;
        made.at = next_at();
        made.tick = no_ + 1;
        auto dice = derive(seed_, stream("demo units"), no_);
        made.kind = static_cast<std::uint16_t>(dice.below(4));
        auto number = dice.below(sensors_.size());
        if (made.kind == demo_scenario::install)
        {
            number = sensors_.size();
            sensors_.push_back({.inserted = no_, .last_writer = no_, .version = made.at.us});
        }
        auto& s = sensors_[number];
        const std::uint64_t readings = made.kind == demo_scenario::install   ? dice.below(4)
                                       : made.kind == demo_scenario::measure ? 1 + dice.below(5)
                                       : made.kind == demo_scenario::record  ? 1
                                                                             : 0;
        made.arg[of_sensor] = number;
        made.arg[of_unit] = s.inserted;
        made.arg[first_reading] = readings_;
        made.arg[reading_count] = readings;
        made.arg[version_before] = static_cast<std::uint64_t>(s.version);
        made.arg[value_before] = static_cast<std::uint64_t>(s.value);
        made.arg[note_before] = static_cast<std::uint64_t>(s.note);
        const bool changes = made.kind == demo_scenario::adjust || made.kind == demo_scenario::record;
        if (made.kind != demo_scenario::install)
            made.depends_on(s.last_writer, changes);
        if (changes)
        {
            if (s.last_writer == no_unit)
            {
                made.initial = number;
                made.initial_table = demo_scenario::sensor;
            }
            s.version = s.value = made.at.us;
            if (made.kind == demo_scenario::adjust)
                s.note = made.at.us;
            s.last_writer = no_;
        }
        readings_ += readings;
        last_ = from_ = made.at;
        ++no_;
        draw_gap();
        return made;
    }

    [[nodiscard]] unit_no next_no() const override { return no_; }
    [[nodiscard]] std::uint64_t ticks() const override { return no_; }

    void apply(const model::control& entry) override
    {
        expect(entry.unit == no_, "an entry is applied at its unit");
        if (entry.what == model::control::kind::shift)
        {
            from_ = from_ + microseconds(entry.value);
            last_ = last_ + microseconds(entry.value);
        }
        else if (entry.what == model::control::kind::set && entry.field == rate_field)
        {
            // What is left of the gap under way goes on at the new rate.
            const auto now = std::max(entry.at, from_);
            const auto passed = scaled(static_cast<std::uint64_t>((now - from_).count()),
                                       static_cast<std::uint64_t>(rate_) << 32, 1'000'000'000);
            gap_ -= std::min(gap_, passed);
            from_ = now;
            rate_ = entry.value;
        }
    }

    [[nodiscard]] std::uint64_t digest() const override
    {
        std::uint64_t sum = mix(no_ ^ mix(readings_) ^ mix(gap_));
        for (const std::int64_t number : {from_.us, last_.us, rate_})
            sum = mix(sum ^ static_cast<std::uint64_t>(number));
        for (const auto& s : sensors_)
            for (const auto number : {s.inserted, s.last_writer, static_cast<std::uint64_t>(s.version),
                                      static_cast<std::uint64_t>(s.value), static_cast<std::uint64_t>(s.note)})
                sum = mix(sum ^ number);
        return sum;
    }

    void save(bazaar::scenario::state_writer& to) const override
    {
        for (const std::int64_t number : {rate_, from_.us, last_.us})
            to.put_signed(number);
        for (const std::uint64_t number : {gap_, no_, readings_, std::uint64_t{sensors_.size()}})
            to.put(number);
        for (const auto& s : sensors_)
            for (const auto number : {s.inserted, s.last_writer, static_cast<std::uint64_t>(s.version),
                                      static_cast<std::uint64_t>(s.value), static_cast<std::uint64_t>(s.note)})
                to.put(number);
    }

    [[nodiscard]] bool load(bazaar::scenario::state_reader& from) override
    {
        for (auto* number : {&rate_, &from_.us, &last_.us})
            *number = from.get_signed();
        for (auto* number : {&gap_, &no_, &readings_})
            *number = from.get();
        sensors_.clear();
        for (auto count = from.get_count(); count > 0 && from.good(); --count)
        {
            sensor_state s;
            s.inserted = from.get();
            s.last_writer = from.get();
            for (auto* number : {&s.version, &s.value, &s.note})
                *number = static_cast<std::int64_t>(from.get());
            sensors_.push_back(s);
        }
        return from.done();
    }

    void figures(std::vector<bazaar::scenario::figure>& out) const override
    {
        out.clear();
        out.push_back({"rows", "sensor", sensors_.size()});
        out.push_back({"rows", "reading", readings_});
    }

private:
    void draw_gap() { gap_ = exponential_q32(derive(seed_, stream("demo gaps"), no_).next()); }

    std::uint64_t seed_;
    std::int64_t rate_;
    time from_;
    time last_;
    std::uint64_t gap_ = 0;  ///< In units of the mean, 2^-32.
    unit_no no_ = 0;
    std::uint64_t readings_ = 0;
    std::vector<sensor_state> sensors_;
};

bazaar::scenario::settings defaults()
{
    return bazaar::scenario::settings(fields_);
}

/// What a sensor's version says: a function of the row and the moment.
value amount_of(std::uint64_t seed, std::uint64_t row, std::int64_t version)
{
    auto dice = derive(seed, stream("demo amounts"), row ^ mix(static_cast<std::uint64_t>(version)));
    return value::of_decimal(dice.between(-9'999'999'999, 9'999'999'999));
}

value remark_of(std::uint64_t seed, std::uint64_t row, std::int64_t version)
{
    auto dice = derive(seed, stream("demo remarks"), row ^ mix(static_cast<std::uint64_t>(version)));
    const auto which = dice.below(remarks.size() + 1);
    return which == remarks.size() ? value() : value::of(remarks[which]);
}

}  // namespace

demo_scenario::demo_scenario(const bazaar::scenario::request& from)
    : seed_(from.seed), configuration_(from.configuration), keys_(keys::short_ones)
{
}

demo_scenario::demo_scenario(std::uint64_t seed, keys of) : seed_(seed), configuration_(defaults()), keys_(of) {}

std::span<const model::table> demo_scenario::tables() const
{
    return keys_ == keys::uuids         ? std::span<const model::table>(tables_)
           : keys_ == keys::listed_ones ? listed_tables()
                                        : std::span<const model::table>(keyed_tables_);
}

std::span<const model::unit_kind> demo_scenario::kinds() const
{
    return kinds_;
}

std::span<const field> demo_scenario::fields()
{
    return fields_;
}

const bazaar::scenario::entry& demo_scenario::entry()
{
    static const bazaar::scenario::entry row{
        .name = "demo",
        .version = 1,
        .tables = keyed_tables_,
        .kinds = kinds_,
        .fields = fields_,
        .files = {},
        .text = demo_text,
        .make = [](const bazaar::scenario::request& from)
        { return std::unique_ptr<bazaar::scenario::scenario>(new demo_scenario(from)); }};
    return row;
}

std::unique_ptr<bazaar::scenario::planner> demo_scenario::plan(time start) const
{
    return std::make_unique<demo_planner>(seed_, configuration_.number("sensors"), configuration_.number("rate"),
                                          start);
}

void demo_scenario::build(const model::decision& decision, model::unit& out) const
{
    out.clear();
    out.decision = decision;
    const auto& arg = decision.arg;
    const row_id sensor_row{sensor, arg[of_sensor], arg[of_unit]};

    const auto fill_sensor = [&](std::span<value> row, std::int64_t version, std::int64_t amount, std::int64_t note)
    {
        row[sensor_id] = value::of(sensor_row);
        row[sensor_site] = value::of(static_cast<std::int64_t>(sensor_row.row % 3 + 1));
        row[sensor_name] = value::of(out.arena.keep("sensor " + std::to_string(sensor_row.row)));
        row[sensor_note] = note == 0 ? value() : remark_of(seed_, sensor_row.row, note);
        row[sensor_last_value] = amount == 0 ? value() : amount_of(seed_, sensor_row.row, amount);
        row[sensor_updated_at] = value::of(time{version});
    };
    const auto insert_readings = [&]
    {
        for (std::uint64_t i = 0; i < arg[reading_count]; ++i)
        {
            const auto number = arg[first_reading] + i;
            const auto row = out.insert(reading, tables_[reading]);
            row[0] = value::of(row_id{reading, number, decision.no});
            row[1] = value::of(sensor_row);
            row[2] = amount_of(seed_, number, 1);
            row[3] = remark_of(seed_, number, 1);
            row[4] = value::of(decision.at);
        }
    };
    const auto update_sensor = [&](std::int64_t note)
    {
        const auto rows = out.update(sensor, tables_[sensor]);
        const auto before = [&](argument which) { return static_cast<std::int64_t>(arg[which]); };
        fill_sensor(rows.before, before(version_before), before(value_before), before(note_before));
        fill_sensor(rows.after, decision.at.us, decision.at.us, note);
    };

    switch (decision.kind)
    {
    case install:
        fill_sensor(out.insert(sensor, tables_[sensor]), decision.at.us, 0, 0);
        insert_readings();
        return;
    case measure:
        insert_readings();
        return;
    case adjust:
        update_sensor(decision.at.us);
        return;
    case record:
        insert_readings();
        update_sensor(static_cast<std::int64_t>(arg[note_before]));
        return;
    default:
        broken("the demo scenario plans this kind of unit");
    }
}

void demo_scenario::fixed_rows(std::uint8_t table, const bazaar::scenario::row_taker& take) const
{
    if (table != site)
        return;
    std::int64_t number = 0;
    for (const auto name : {"North"sv, "East"sv, "South"sv})
        take(std::array{value::of(++number), value::of(name)});
}

void demo_scenario::initial_rows(std::uint8_t table, time start, const bazaar::scenario::row_taker& take) const
{
    if (table != sensor)
        return;
    const auto count = configuration_.number("sensors");
    for (std::int64_t i = 0; i < count; ++i)
    {
        const auto name = "sensor " + std::to_string(i);
        take(std::array{value::of(row_id{sensor, static_cast<std::uint64_t>(i), no_unit}), value::of(i % 3 + 1),
                        value::of(std::string_view(name)), value(), value(), value::of(time{start.us - day})});
    }
}

}  // namespace bazaar::test

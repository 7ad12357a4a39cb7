// What the label kafka tests with: prints records of each type beside what they were made of, and drives a sink against a broker.
//
//   probe records json|avro|protobuf [REGISTRY_URL]   the schema, then a line for each row: what it says, its key and its record
//   probe schema json|avro|protobuf SUBJECT REGISTRY_URL [register|look]   the id of the schema of every type
//   probe drive SERVERS ID transactional|idempotent UNITS [SETTING=VALUE...]   goes on where the topics probe.a and probe.b end

#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/registry.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/kafka/tail.hpp"
#include "bazaar/model/render.hpp"
#include "support/every_type.hpp"

namespace bazaar::test
{
namespace
{

using words = std::vector<std::string>;

kafka::record_format format_of(const std::string& word)
{
    if (word == "json")
        return kafka::record_format::json;
    if (word == "avro")
        return kafka::record_format::avro;
    expect(word == "protobuf", "a format is json, avro or protobuf");
    return kafka::record_format::protobuf;
}

std::string hexadecimal(std::string_view bytes)
{
    std::string made;
    for (const char byte : bytes)
        made += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return made;
}

kafka::outlet nested(const every_type& all, kafka::record_format format)
{
    auto made = all.outlet(format);
    made.nested = {{"inner", {every_type::title, every_type::title_or}}};
    return made;
}

int print_records(const words& given)
{
    const every_type all;
    auto to = nested(all, format_of(given.at(0)));
    to.framed = given.size() > 1;
    std::int32_t id = 0;
    if (to.framed)
    {
        kafka::registry registry({.url = given[1], .user = {}}, {});
        id = registry.id_of(to.topic + "-value", to.format, kafka::schema_text(to, all.tables.front()));
    }
    const auto by = kafka::make_encoder(to, all.tables.front(), all.keys);
    const model::renderer render(all.tables, {}, all.keys);
    std::cout << hexadecimal(kafka::schema_text(to, all.tables.front())) << '\n';
    for (const auto& row : all.rows())
    {
        std::string line, key, record;
        render.row_json(0, {}, row, line);
        kafka::append_key(to, all.tables.front(), all.keys, row, key);
        if (to.framed)
            kafka::append_frame(to.format, id, record);
        by->encode(row, record);
        std::cout << hexadecimal(line) << ' ' << hexadecimal(key) << ' ' << hexadecimal(record) << '\n';
    }
    return 0;
}

int print_schema_id(const words& given)
{
    const every_type all;
    const auto to = nested(all, format_of(given.at(0)));
    kafka::registry registry({.url = given.at(2), .user = {}}, {.no_register = given.size() > 3 && given[3] == "look"});
    std::cout << registry.id_of(given.at(1), to.format, kafka::schema_text(to, all.tables.front())) << '\n';
    return 0;
}

// ---- Driving a sink

constexpr std::uint64_t span = 256;
constexpr std::uint64_t records_most = 10;

constexpr std::array driven_columns{model::column{"id", "bigint", model::type::ref},
                                    model::column{"body", "text", model::type::text}};
constexpr std::array driven_tables{
    model::table{
        .name = "a", .columns = driven_columns, .sink = model::target::kafka, .keys = model::key_form::of_bigint(0)},
    model::table{
        .name = "b", .columns = driven_columns, .sink = model::target::kafka, .keys = model::key_form::of_bigint(0)},
};

/// Unit n has n % 10 + 1 records, in both topics; a reader makes them again from its number.
void build(unit_no no, model::unit& to)
{
    to.clear();
    to.decision.no = no;
    to.decision.at = time{1'700'000'000'000'000 + static_cast<std::int64_t>(no) * 1'000};
    for (std::uint64_t i = 0; i <= no % records_most; ++i)
    {
        const auto table = static_cast<std::uint8_t>((no + i) % 2);
        const auto row = to.insert(table, driven_tables[table]);
        row[0] = model::value::of(row_id{table, no * records_most + i, no});
        row[1] = model::value::of(to.arena.keep(fmt::format("record {} of unit {} {}", i, no, std::string(60, '.'))));
    }
}

class driver
{
public:
    driver(kafka::sink& to, unit_no end) : to_(to), end_(end) {}

    /// From the unit behind the highest one that is there.
    bool go(unit_no next)
    {
        // What may be missing below it is sent again, one by one.
        for (auto no = next > span ? next - span : 0; no < next; ++no)
            if (!alone(no))
                return false;
        std::vector<model::unit> units(2'000);
        while (next < end_)
        {
            if (!to_.ready())
                return false;
            const auto count = std::min<std::uint64_t>({to_.units_max(), end_ - next, span});
            parcels_.clear();
            for (std::uint64_t i = 0; i < count; ++i)
            {
                build(next + i, units[i]);
                parcels_.push_back({&units[i], run::form::first});
            }
            const auto answer = to_.ship({parcels_, {}, 0});
            if (answer.what == run::outcome::in_doubt)
            {
                tell(answer);
                for (std::uint64_t i = 0; i < count; ++i)
                    if (!alone(next + i))
                        return false;
            }
            else if (!settled(answer))
                continue;
            next += count;
            std::printf("unit %llu\n", static_cast<unsigned long long>(next));
            std::fflush(stdout);
            // Who kills it must get there before it is done.
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }

private:
    static void tell(const run::written& answer)
    {
        std::fprintf(stderr, "%s: %s %s\n", std::string(run::name(answer.what)).c_str(), answer.code.data(),
                     answer.detail.c_str());
    }

    static bool settled(const run::written& answer)
    {
        if (answer.what == run::outcome::committed || answer.what == run::outcome::already_there)
            return true;
        tell(answer);
        if (answer.what == run::outcome::rejected)
            throw error(error_kind::rejects, answer.detail);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return false;
    }

    bool alone(unit_no no)
    {
        build(no, one_);
        const run::parcel parcel{&one_, run::form::replay};
        do
            if (!to_.ready())
                return false;
        while (!settled(to_.ship({{&parcel, 1}, {}, 0})));
        return true;
    }

    kafka::sink& to_;
    unit_no end_;
    model::unit one_;
    std::vector<run::parcel> parcels_;
};

int drive(const words& given)
{
    kafka::sink_settings how;
    how.cluster = {{"bootstrap.servers", given.at(0)}};
    for (std::size_t i = 4; i < given.size(); ++i)
        how.cluster.emplace_back(given[i].substr(0, given[i].find('=')), given[i].substr(given[i].find('=') + 1));
    how.transactional_id = given.at(1);
    how.promise = given.at(2) == "idempotent" ? kafka::delivery::idempotent : kafka::delivery::transactional;
    how.tag = 77;
    how.span = span;
    how.group = 50;
    how.group_max = span;
    how.patience = std::chrono::milliseconds(1'000);
    how.warn = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    kafka::sink_counts counts;
    how.counts = &counts;
    std::vector<kafka::bound_outlet> outlets;
    for (const auto* topic : {"probe.a", "probe.b"})
    {
        kafka::outlet one;
        one.topic = topic;
        one.key = 0;
        outlets.push_back({one});
    }
    const model::key_codec keys(77, 42, driven_tables);
    kafka::sink to(how, outlets, driven_tables, keys, {});
    if (!to.ready())
        return 1;
    // The sink has ended what an earlier process has left open.
    const auto there = kafka::read_tail(how.cluster, {"probe.a", "probe.b"}, {.tag = how.tag, .span = span}, {});
    const auto next = there && there->highest() ? *there->highest() + 1 : 0;
    std::printf("from %llu\n", static_cast<unsigned long long>(next));
    std::fflush(stdout);
    const bool done = driver(to, std::stoull(given.at(3))).go(next);
    std::printf("%s: %llu records, %llu transactions, %llu aborted, %llu reopened, %llu skipped\n",
                done ? "done" : "stopped", static_cast<unsigned long long>(counts.records),
                static_cast<unsigned long long>(counts.transactions), static_cast<unsigned long long>(counts.aborted),
                static_cast<unsigned long long>(counts.reopened), static_cast<unsigned long long>(counts.skipped));
    return done ? 0 : 1;
}

int run_probe(words given)
{
    expect(!given.empty(), "probe records, schema or drive");
    const auto what = given.front();
    given.erase(given.begin());
    try
    {
        return what == "records" ? print_records(given) : what == "schema" ? print_schema_id(given) : drive(given);
    }
    catch (const error& why)
    {
        for (const auto& line : why.lines())
            std::fprintf(stderr, "%s: %s\n", std::string(name(why.kind())).c_str(), line.c_str());
        return exit_code(why.kind());
    }
}

}  // namespace
}  // namespace bazaar::test

int main(int count, char** given)
{
    return bazaar::test::run_probe({given + 1, given + count});
}

// Encoders alone, and the sink beside a bare loop on librdkafka, for tests/bench/kafka. Prints one JSON object.
//
//   bench_kafka encode json|avro|protobuf RECORDS   clicks of a hotel's site, on one core
//   bench_kafka loop SERVERS TOPIC RECORDS GROUP FIRST    librdkafka as it is: the same records, encoded before, so many in a transaction
//   bench_kafka sink SERVERS TOPIC RECORDS GROUP FIRST    the sink, with a unit for each record, which is built and encoded on the way

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bench/counted_new.hpp"

namespace
{

using namespace bazaar;
using test::allocations;
using namespace std::string_view_literals;

constexpr std::array columns{
    model::column{"activity_id", "text", model::type::ref},
    model::column{"customer_email", "text", model::type::text},
    model::column{"hotel_id", "text", model::type::text},
    model::column{"action", "text", model::type::text},
    model::column{"event_duration", "bigint", model::type::int64},
    model::column{"url", "text", model::type::text},
    model::column{"created_at", "timestamp with time zone", model::type::timestamp},
    model::column{"price", "numeric(10,2)", model::type::decimal, 2, true},
};
constexpr std::array tables{model::table{.name = "clickstream",
                                         .columns = columns,
                                         .sink = model::target::kafka,
                                         .keys = model::key_form::of_sequence("A", 9, 100'000'000)}};

void click(std::uint64_t number, std::span<model::value> row)
{
    row[0] = model::value::of(row_id{0, number % 800'000'000, number});
    row[1] = model::value::of("marta.example@mail.example.com"sv);
    row[2] = model::value::of("H10000042"sv);
    row[3] = model::value::of("page_view"sv);
    row[4] = model::value::of(static_cast<std::int64_t>(53 + number % 500));
    row[5] = model::value::of("/hotels/H10000042/rooms/17"sv);
    row[6] = model::value::of(bazaar::time{1'767'225'600'000'000 + static_cast<std::int64_t>(number)});
    row[7] = number % 4 == 0 ? model::value() : model::value::of_decimal(static_cast<std::int64_t>(number % 40'000));
}

kafka::outlet clicks(const std::string& topic, kafka::record_format format)
{
    kafka::outlet made;
    made.topic = topic;
    made.format = format;
    made.framed = true;
    made.record = "ClickstreamEvent";
    made.times = format == kafka::record_format::avro ? kafka::time_form::local_timestamp_millis
                                                      : kafka::time_form::standard;
    made.key = 0;
    return made;
}

const model::key_codec keys(1, 42, tables);

double cpu()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double seconds_since(std::chrono::steady_clock::time_point begin)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double highest_memory()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmHWM:")
        {
            status >> word;
            return std::stod(word) / 1024;
        }
    return 0;
}

void encode(const std::string& word, std::uint64_t count)
{
    const auto to = clicks("t", word == "json"   ? kafka::record_format::json
                                : word == "avro" ? kafka::record_format::avro
                                                 : kafka::record_format::protobuf);
    const auto by = kafka::make_encoder(to, tables[0], keys);
    std::vector<model::value> row(columns.size());
    std::string out;
    std::uint64_t bytes = 0;
    const auto one = [&](std::uint64_t number)
    {
        out.clear();
        click(number, row);
        kafka::append_frame(to.format, 7, out);
        by->encode(row, out);
        bytes += out.size();
    };
    for (std::uint64_t i = 0; i < 1'000; ++i)
        one(i);
    bytes = 0;
    const auto counted = allocations;
    const auto begin = cpu();
    for (std::uint64_t i = 0; i < count; ++i)
        one(i);
    const auto took = cpu() - begin;
    fmt::print("{{\"cpu\": {:.6f}, \"records\": {}, \"bytes\": {}, \"allocations\": {}}}\n", took, count, bytes,
               allocations - counted);
}

void check(rd_kafka_error_t* failed)
{
    if (failed == nullptr)
        return;
    const std::string text = rd_kafka_error_string(failed);
    rd_kafka_error_destroy(failed);
    throw std::runtime_error(text);
}

void print_run(std::chrono::steady_clock::time_point begin, double used, std::uint64_t count)
{
    fmt::print("{{\"seconds\": {:.6f}, \"cpu\": {:.6f}, \"records\": {}, \"memory\": {:.1f}}}\n", seconds_since(begin),
               cpu() - used, count, highest_memory());
}

void loop(const std::string& servers, const std::string& topic, std::uint64_t count, std::uint64_t group)
{
    // As the sink encodes them; some thousands, over and over.
    const auto to = clicks(topic, kafka::record_format::avro);
    const auto by = kafka::make_encoder(to, tables[0], keys);
    std::vector<std::pair<std::string, std::string>> records(4'096);
    std::vector<model::value> row(columns.size());
    for (std::uint64_t i = 0; i < records.size(); ++i)
    {
        click(i, row);
        kafka::append_key(to, tables[0], keys, row, records[i].first);
        kafka::append_frame(to.format, 0, records[i].second);
        by->encode(row, records[i].second);
    }
    auto* const conf = rd_kafka_conf_new();
    for (const auto& [name, value] :
         std::vector<std::pair<const char*, const char*>>{{"bootstrap.servers", servers.c_str()},
                                                          {"transactional.id", "bench.loop"},
                                                          {"compression.type", "lz4"},
                                                          {"partitioner", "murmur2_random"},
                                                          {"queue.buffering.max.messages", "1000000"}})
        if (rd_kafka_conf_set(conf, name, value, nullptr, 0) != RD_KAFKA_CONF_OK)
            throw std::runtime_error(name);
    auto* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    check(rd_kafka_init_transactions(producer, 30'000));
    auto* const at = rd_kafka_topic_new(producer, topic.c_str(), nullptr);
    const auto begin = std::chrono::steady_clock::now();
    const auto used = cpu();
    for (std::uint64_t sent = 0; sent < count;)
    {
        check(rd_kafka_begin_transaction(producer));
        for (std::uint64_t i = 0; i < group && sent < count; ++i, ++sent)
        {
            const auto& [key, value] = records[sent % records.size()];
            const std::array<char, 16> header{};
            std::array<rd_kafka_vu_t, 6> parts{};
            parts[0].vtype = RD_KAFKA_VTYPE_RKT;
            parts[0].u.rkt = at;
            parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
            parts[1].u.i = RD_KAFKA_MSG_F_COPY;
            parts[2].vtype = RD_KAFKA_VTYPE_KEY;
            parts[2].u.mem = {const_cast<char*>(key.data()), key.size()};
            parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
            parts[3].u.mem = {const_cast<char*>(value.data()), value.size()};
            parts[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
            parts[4].u.i64 = 1'767'225'600'000;
            parts[5].vtype = RD_KAFKA_VTYPE_HEADER;
            parts[5].u.header = {"bazaard", header.data(), static_cast<ssize_t>(header.size())};
            check(rd_kafka_produceva(producer, parts.data(), parts.size()));
        }
        check(rd_kafka_commit_transaction(producer, -1));
    }
    print_run(begin, used, count);
    rd_kafka_topic_destroy(at);
    rd_kafka_destroy(producer);
}

void sink(const std::string& servers, const std::string& topic, std::uint64_t count, std::uint64_t group,
          std::uint64_t first)
{
    kafka::sink_settings how;
    how.cluster = {{"bootstrap.servers", servers}};
    how.transactional_id = "bench.sink";
    how.tag = 9;
    how.group = how.group_max = group;
    kafka::sink to(how, {{clicks(topic, kafka::record_format::avro)}}, tables, keys, {});
    if (!to.ready())
        throw std::runtime_error("not ready");
    std::vector<model::unit> units(group);
    std::vector<run::parcel> parcels;
    const auto begin = std::chrono::steady_clock::now();
    const auto used = cpu();
    for (std::uint64_t sent = 0; sent < count;)
    {
        parcels.clear();
        for (std::uint64_t i = 0; i < group && sent + i < count; ++i)
        {
            auto& unit = units[i];
            unit.clear();
            unit.decision.no = first + sent + i;
            unit.decision.at = bazaar::time{1'767'225'600'000'000 + static_cast<std::int64_t>(sent + i)};
            click(first + sent + i, unit.insert(0, tables[0]));
            parcels.push_back({&unit, run::form::first});
        }
        if (const auto answer = to.ship({parcels, {}, 0}); answer.what != run::outcome::committed)
            throw std::runtime_error(answer.detail);
        sent += parcels.size();
    }
    print_run(begin, used, count);
}

}  // namespace

int main(int count, char** given)
{
    const std::vector<std::string> words(given + 1, given + count);
    try
    {
        if (words.size() == 3 && words[0] == "encode")
            encode(words[1], std::stoull(words[2]));
        else if (words.size() == 6 && words[0] == "loop")
            loop(words[1], words[2], std::stoull(words[3]), std::stoull(words[4]));
        else if (words.size() == 6 && words[0] == "sink")
            sink(words[1], words[2], std::stoull(words[3]), std::stoull(words[4]), std::stoull(words[5]));
        else
            throw std::runtime_error("encode, loop or sink");
    }
    catch (const std::exception& why)
    {
        fmt::print(stderr, "bench_kafka: {}\n", why.what());
        return 1;
    }
    return 0;
}

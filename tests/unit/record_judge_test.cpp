// The topics that a run writes itself, judged against its plan: as they are, and with one thing harmed.

#include "bazaar/verify/record_judge.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/kafka/records.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"
#include "bazaar/kafka/unit_header.hpp"

namespace bazaar::verify
{
namespace
{

constexpr unit_no parcel_units = 800;

std::string parcel_shop(const std::string& format)
{
    return "bazaar: 1\nscenario: parcels\nkafka: {format: " + format +
           ", registry: false}\n"
           "tables:\n"
           "  depots: {to: kafka, key: id, seed: 5, columns: {id: {uuid: row}, city: {fake: city}}}\n"
           "  parcels:\n"
           "    to: kafka\n"
           "    kafka: {key: id}\n"
           "    key: id\n"
           "    version: at\n"
           "    arrives: {rate: 1/s}\n"
           "    links: {depot: {to: depots}}\n"
           "    columns: {id: {uuid: row}, depot_id: = depot.id, weight: {int: 1..900}, fee: {decimal: 1.00..99.99},\n"
           "              fragile: {chance: 40%}, at: {time: now}}\n"
           "    changes:\n"
           "      weigh: {arrives: {rate: 2/s}, set: {weight: = weight + 1}}\n"
           "      lose: {arrives: {rate: 0.2/s}, erase: true}\n";
}

/// A message that a test may harm.
struct parcel_message
{
    std::string topic;
    std::int32_t partition = 0;
    std::optional<std::string> header;
    std::string key, value;
    bool is_tombstone = false;
    std::int64_t at_ms = 0;

    [[nodiscard]] kafka::unit_header of() const { return *kafka::read_unit_header(*header); }
    void become(const kafka::unit_header& other)
    {
        const auto bytes = kafka::to_bytes(other);
        header.emplace(bytes.data(), bytes.size());
    }
};

class record_world
{
public:
    explicit record_world(const std::string& format)
    {
        auto read = io::read_scenario_text("parcels.yaml", {{"parcels.yaml", parcel_shop(format)}});
        if (!read.spec)
            throw std::runtime_error(fmt::format("{}", fmt::join(read.problems, "\n")));
        const auto* const entry = &io::offered_file(read, "parcels.yaml");
        shop = entry->make({.run = "main", .seed = 5, .configuration = scenario::settings(entry->fields), .files = {}});
        const auto& file = io::spec_of_text(entry->text);
        for (auto& one : kafka::outlets_of(file, shop->configuration(), shop->tables()))
            outlets.push_back({std::move(one), 0});
        recorded.tag = run_tag("main");
        recorded.seed = 5;
        recorded.start = *parse_time("2026-03-02T00:00:00Z");
        recorded.settled = parcel_units;
        recorded.clean = true;
    }

    [[nodiscard]] model::key_codec keys() const { return {recorded.tag, recorded.seed, shop->tables()}; }

    [[nodiscard]] std::vector<parcel_message> messages() const
    {
        std::vector<parcel_message> made;
        kafka::records records(outlets, shop->tables(), keys(), recorded.tag);
        const kafka::tail nothing(1);
        const subject of{*shop, recorded, keys(), parcel_units, parcel_units};
        unit_walk walk(of);
        model::decision decision;
        model::unit unit;
        while (walk.next_no() < parcel_units)
        {
            if (!walk.next(decision))
                continue;
            shop->build(decision, unit);
            records.clear();
            records.add(unit, nothing);
            for (const auto& one : records.all())
            {
                auto& to = made.emplace_back();
                to.topic = *one.topic;
                to.header.emplace(one.header.data(), one.header.size());
                to.key = one.key.value_or(std::string_view());
                to.partition = static_cast<std::int32_t>(std::hash<std::string>()(to.key) % 3);
                to.value = one.value.value_or(std::string_view());
                to.is_tombstone = !one.value;
                to.at_ms = one.at_ms;
            }
        }
        return made;
    }

    [[nodiscard]] report judged(const std::vector<parcel_message>& all, const record_options& how = {{0, 1}},
                                unit_no demanded = parcel_units) const
    {
        report out(1'000);
        const subject of{*shop, recorded, keys(), demanded, parcel_units};
        record_judge judge(of, outlets, out, how);
        std::int64_t offset = 0;
        for (const auto& one : all)
            judge.take(
                {one.topic, one.partition, offset++, one.header, one.key, one.value, one.is_tombstone, one.at_ms});
        judge.finish(false);
        return out;
    }

    std::unique_ptr<scenario::scenario> shop;
    std::vector<kafka::bound_outlet> outlets;
    run::record recorded;
};

/// One harm, what must be said of it, and of which column.
struct record_harm
{
    const char* name;
    std::function<void(std::vector<parcel_message>&, std::size_t)> harm;
    defect what;
    std::string column{};
};

std::vector<record_harm> record_harms()
{
    using list = std::vector<parcel_message>;
    const auto at = [](list& in, std::size_t i) { return in.begin() + static_cast<std::ptrdiff_t>(i); };
    return {
        {"lost", [=](list& in, std::size_t i) { in.erase(at(in, i)); }, defect::lost},
        {"doubled", [=](list& in, std::size_t i) { in.insert(at(in, i), parcel_message(in[i])); }, defect::doubled},
        {"doubled much later", [=](list& in, std::size_t i) { in.push_back(parcel_message(in[i])); }, defect::doubled},
        {"another key", [](list& in, std::size_t i) { in[i].key += '0'; }, defect::altered, "key"},
        {"another time", [](list& in, std::size_t i) { ++in[i].at_ms; }, defect::altered, "time of the record"},
        {"another topic", [](list& in, std::size_t i) { in[i].topic = "depots"; }, defect::altered, "topic"},
        {"no value",
         [](list& in, std::size_t i)
         {
             in[i].value.clear();
             in[i].is_tombstone = true;
         },
         defect::altered, "value"},
        {"half a value", [](list& in, std::size_t i) { in[i].value.resize(in[i].value.size() / 2); }, defect::altered,
         "value"},
        {"another count",
         [](list& in, std::size_t i)
         {
             auto h = in[i].of();
             ++h.count;
             in[i].become(h);
         },
         defect::altered, "number of records"},
        {"a unit beyond the end",
         [](list& in, std::size_t i)
         {
             auto h = in[i].of();
             h.unit = parcel_units + 7;
             in.push_back(in[i]);
             in.back().become(h);
         },
         defect::unknown},
        {"an index beyond the end",
         [](list& in, std::size_t i)
         {
             auto h = in[i].of();
             h.index = 1;
             h.count = 2;
             in.insert(in.begin() + static_cast<std::ptrdiff_t>(i), in[i]);
             in[i].become(h);
         },
         defect::unknown, "number of records"},
    };
}

class RecordJudge : public testing::TestWithParam<std::string>
{
protected:
    RecordJudge() : world_(GetParam()), all_(world_.messages()) {}

    /// A change of a parcel, with a value.
    [[nodiscard]] std::size_t some(std::size_t from) const
    {
        while (all_[from].topic != "parcels" || all_[from].is_tombstone)
            ++from;
        return from;
    }

    record_world world_;
    std::vector<parcel_message> all_;
};

TEST_P(RecordJudge, FindsNothingInWhatTheRunWrites)
{
    EXPECT_GT(all_.size(), parcel_units);
    EXPECT_TRUE(std::ranges::any_of(all_, &parcel_message::is_tombstone));
    const auto told = world_.judged(all_);
    EXPECT_EQ(told.judge(), verdict::clean) << told.text();
    // Partition by partition, as far apart as can be.
    auto apart = all_;
    std::ranges::stable_sort(apart, {}, [](const parcel_message& one) { return std::pair(one.topic, one.partition); });
    EXPECT_EQ(world_.judged(apart).judge(), verdict::clean);
}

TEST_P(RecordJudge, FindsEachHarmAlone)
{
    for (const auto& one : record_harms())
        for (const std::size_t from : {std::size_t{40}, all_.size() / 2, all_.size() - 60})
        {
            auto harmed = all_;
            const auto i = some(from);
            one.harm(harmed, i);
            const auto told = world_.judged(harmed);
            ASSERT_EQ(told.judge(), verdict::mismatch) << one.name;
            EXPECT_EQ(told.findings(), 1U) << one.name << '\n' << told.text();
            const auto& found = told.examples().front();
            EXPECT_EQ(found.what, one.what) << one.name << '\n' << told.text();
            EXPECT_EQ(found.column, one.column) << one.name << '\n' << told.text();
            EXPECT_EQ(found.key.substr(0, 36), all_[i].key) << one.name;
        }
}

/// A value is altered in each of its bytes: that is found, and the line names the row.
TEST_P(RecordJudge, FindsEachAlteredByteOfAValue)
{
    const auto i = some(all_.size() / 3);
    std::map<std::string, std::size_t> columns;
    for (std::size_t byte = 0; byte < all_[i].value.size(); ++byte)
    {
        auto harmed = all_;
        harmed[i].value[byte] = static_cast<char>(harmed[i].value[byte] ^ 1);
        const auto told = world_.judged(harmed);
        ASSERT_GE(told.count(defect::altered), 1U) << byte;
        ASSERT_EQ(told.count(defect::altered), told.findings()) << byte << told.text();
        for (const auto& one : told.examples())
        {
            EXPECT_EQ(one.key, all_[i].key);
            EXPECT_EQ(one.unit, all_[i].of().unit);
            ++columns[one.column];
        }
    }
    for (const auto* name : {"id", "depot_id", "weight", "fee"})
        EXPECT_GT(columns[name], 0U) << name;
}

TEST_P(RecordJudge, FindsAnOlderRecordOfAKeyBehindANewerOne)
{
    // Two records of one parcel change places; so do two of different parcels, which nobody can call an order.
    std::map<std::string, std::size_t> first;
    std::size_t one = 0, two = 0;
    for (std::size_t i = 0; i < all_.size() && two == 0; ++i)
        if (all_[i].topic == "parcels")
            if (const auto [at, is_new] = first.try_emplace(all_[i].key, i); !is_new)
            {
                one = at->second;
                two = i;
            }
    ASSERT_GT(two, one);
    auto harmed = all_;
    std::swap(harmed[one], harmed[two]);
    const auto told = world_.judged(harmed);
    EXPECT_EQ(told.count(defect::reordered), 1U) << told.text();
    EXPECT_EQ(told.findings(), 1U) << told.text();

    auto moved = all_;
    moved[two].partition = 2 - moved[two].partition / 2;
    ASSERT_NE(moved[two].partition, all_[two].partition);
    EXPECT_GE(world_.judged(moved).count(defect::reordered), 1U) << "a key has one partition";
}

TEST_P(RecordJudge, TellsWhoseMessagesAreNot)
{
    auto with_others = all_;
    with_others.push_back({"parcels", 0, std::nullopt, "somebody", "else", false, 0});
    const auto told = world_.judged(with_others);
    EXPECT_EQ(told.judge(), verdict::not_proven) << told.text();
    with_others.back() = all_.front();
    auto h = all_.front().of();
    h.tag ^= 1;
    with_others.back().become(h);
    EXPECT_EQ(world_.judged(with_others).judge(), verdict::clean) << "another run may share the topics";
}

TEST_P(RecordJudge, DemandsNothingBeyondTheMark)
{
    auto shorter = all_;
    while (shorter.back().of().unit >= parcel_units - 100)
        shorter.pop_back();
    EXPECT_EQ(world_.judged(shorter, {{0, 1}}, parcel_units - 100).judge(), verdict::clean);
    EXPECT_EQ(world_.judged(shorter, {{0, 1}}, parcel_units - 99).count(defect::lost), 1U) << "negative control";
    EXPECT_EQ(world_.judged(shorter).count(defect::lost), 100U);

    // Copies are what an idempotent producer may leave.
    auto copied = all_;
    copied.insert(copied.begin() + 300, all_[200]);
    EXPECT_EQ(world_.judged(copied, {.tables = {0, 1}, .from = 0, .copies = true}).judge(), verdict::clean);
    EXPECT_EQ(world_.judged(copied).judge(), verdict::mismatch);
}

INSTANTIATE_TEST_SUITE_P(in, RecordJudge, testing::Values("json", "avro", "protobuf"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace bazaar::verify

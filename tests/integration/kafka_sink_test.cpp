// The sink against librdkafka's own broker, which fails on demand. What a real broker does is tested in the label kafka.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/sink.hpp"
#include "bazaar/kafka/tail.hpp"

namespace bazaar::kafka
{
namespace
{

using namespace std::chrono_literals;
using run::form;
using run::outcome;

// Numbers of Kafka's protocol.
constexpr std::int16_t produce = 0, init_producer_id = 22, end_transaction = 26;

constexpr std::array sunk_columns{model::column{"id", "bigint", model::type::ref},
                                  model::column{"body", "text", model::type::text}};
constexpr std::array sunk_tables{model::table{
    .name = "sunk", .columns = sunk_columns, .sink = model::target::kafka, .keys = model::key_form::of_bigint(0)}};

class kafka_sink : public testing::Test
{
protected:
    kafka_sink()
        : owner_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
          cluster_(rd_kafka_mock_cluster_new(owner_, 1))
    {
        rd_kafka_mock_topic_create(cluster_, "sunk", 2, 1);
        how_.cluster = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)}};
        how_.transactional_id = "test.main";
        how_.tag = 5;
        how_.span = 16;
        how_.patience = 20s;
        how_.timeout = 30s;
        how_.counts = &counts_;
    }
    ~kafka_sink() override
    {
        to_.reset();
        rd_kafka_mock_cluster_destroy(cluster_);
        rd_kafka_destroy(owner_);
    }

    void open(std::stop_token stop = {})
    {
        outlet one;
        one.topic = "sunk";
        one.key = 0;
        to_ = std::make_unique<sink>(how_, std::vector<bound_outlet>{{one}}, sunk_tables,
                                     model::key_codec(5, 42, sunk_tables), std::move(stop));
    }

    void fail_next(std::int16_t request, std::vector<rd_kafka_resp_err_t> with)
    {
        rd_kafka_mock_push_request_errors_array(cluster_, request, with.size(), with.data());
    }

    /// Sends these units, of two records each.
    run::written ship(std::vector<unit_no> numbers, form how = form::first, std::size_t body = 10)
    {
        std::vector<model::unit> units(numbers.size());
        std::vector<run::parcel> parcels;
        for (std::size_t i = 0; i < numbers.size(); ++i)
        {
            auto& unit = units[i];
            unit.decision.no = numbers[i];
            unit.decision.at = time{1'700'000'000'000'000};
            for (std::uint64_t r = 0; r < 2; ++r)
            {
                const auto row = unit.insert(0, sunk_tables[0]);
                row[0] = model::value::of(row_id{0, 2 * numbers[i] + r, numbers[i]});
                row[1] = model::value::of(unit.arena.keep(std::string(body, 'x')));
            }
            parcels.push_back({&unit, how});
        }
        return to_->ship({parcels, {}, 0});
    }

    /// Sends until the units are there, as a runner does; whether that was so within some attempts.
    bool settle(const std::vector<unit_no>& numbers)
    {
        if (is_there(ship(numbers)))
            return true;
        for (const auto no : numbers)
        {
            bool done = false;
            for (int attempt = 0; attempt < 20 && !done; ++attempt)
                done = to_->ready() && is_there(ship({no}, form::replay));
            if (!done)
                return false;
        }
        return true;
    }

    static bool is_there(const run::written& answer)
    {
        if (answer.what == outcome::committed || answer.what == outcome::already_there)
            return true;
        std::fprintf(stderr, "%s: %s %s\n", std::string(run::name(answer.what)).c_str(), answer.code.data(),
                     answer.detail.c_str());
        return false;
    }

    tail read()
    {
        auto found = read_tail(how_.cluster, {"sunk"}, {.tag = 5, .span = 16, .timeout = 10s}, {});
        return std::move(found.value());
    }

    rd_kafka_t* owner_;
    rd_kafka_mock_cluster_t* cluster_;
    sink_counts counts_;
    sink_settings how_;
    std::unique_ptr<sink> to_;
};

TEST_F(kafka_sink, writes_groups_that_the_tail_finds)
{
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({0, 1, 2}));
    EXPECT_TRUE(settle({3}));
    const auto found = read();
    EXPECT_EQ(found.highest(), 3U);
    for (unit_no no = 0; no < 4; ++no)
        EXPECT_TRUE(found.has(no, 0) && found.has(no, 1)) << no;
    EXPECT_FALSE(found.has(4, 0));
    EXPECT_EQ(counts_.records, 8U);
    EXPECT_EQ(counts_.transactions, 2U);
    // Another run's records are none of this one's.
    EXPECT_FALSE(read_tail(how_.cluster, {"sunk"}, {.tag = 6, .span = 16, .timeout = 10s}, {})->highest());
}

TEST_F(kafka_sink, a_replay_finds_what_is_there)
{
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({0, 1}));
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_EQ(ship({0}, form::replay).what, outcome::already_there);
    EXPECT_EQ(ship({1}, form::replay).what, outcome::already_there);
    EXPECT_EQ(ship({2}, form::replay).what, outcome::committed);
    EXPECT_EQ(ship({1, 3}).what, outcome::in_doubt) << "a first attempt that is there is not told to be new";
    EXPECT_EQ(counts_.skipped, 4U);
    EXPECT_EQ(counts_.records, 6U);
}

TEST_F(kafka_sink, what_is_refused_is_rejected_and_the_next_one_goes)
{
    open();
    ASSERT_TRUE(to_->ready());
    fail_next(produce, {RD_KAFKA_RESP_ERR_INVALID_RECORD});
    const auto refused = ship({0});
    EXPECT_EQ(refused.what, outcome::rejected);
    EXPECT_STREQ(refused.code.data(), "K0087");
    EXPECT_EQ(refused.detail.find("xxx"), std::string::npos) << "no part of the record: " << refused.detail;
    ASSERT_TRUE(to_->ready());
    EXPECT_EQ(ship({1}).what, outcome::committed) << "at once: sequence numbers begin anew";
    const auto large = ship({2}, form::first, 1'100'000);
    EXPECT_EQ(large.what, outcome::rejected);
    EXPECT_STREQ(large.code.data(), "K0010");
    EXPECT_NE(large.detail.find("message.max.bytes is 1000000"), std::string::npos) << large.detail;
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({3}));
}

TEST_F(kafka_sink, an_aborted_transaction_is_not_done)
{
    open();
    ASSERT_TRUE(to_->ready());
    fail_next(produce, {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE});
    const auto answer = ship({0});
    EXPECT_EQ(answer.what, outcome::not_done) << answer.detail;
    EXPECT_EQ(counts_.aborted, 1U);
    ASSERT_TRUE(to_->ready());
    // This broker shows what was aborted: one of the two records.
    EXPECT_EQ(ship({0}, form::replay).what, outcome::committed) << "at once: sequence numbers begin anew";
}

TEST_F(kafka_sink, a_broken_producer_is_made_anew)
{
    open();
    ASSERT_TRUE(to_->ready());
    fail_next(produce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
    const auto answer = ship({0});
    EXPECT_EQ(answer.what, outcome::in_doubt) << answer.detail;
    EXPECT_EQ(counts_.reopened, 1U);
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(is_there(ship({0}, form::replay)));
    EXPECT_TRUE(settle({1}));
}

TEST_F(kafka_sink, a_coordinator_that_loads_is_awaited)
{
    fail_next(init_producer_id,
              {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
    open();
    ASSERT_TRUE(to_->ready());
    fail_next(end_transaction,
              {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
    EXPECT_TRUE(settle({0}));
}

TEST_F(kafka_sink, ends_when_another_process_has_taken_over)
{
    open();
    ASSERT_TRUE(to_->ready());
    fail_next(end_transaction, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED});
    try
    {
        static_cast<void>(ship({0}));
        static_cast<void>(to_->ready());
        FAIL() << "it goes on";
    }
    catch (const error& why)
    {
        EXPECT_EQ(why.kind(), error_kind::temporary);
        EXPECT_NE(std::string(why.what()).find("transactional.id test.main"), std::string::npos) << why.what();
    }
}

TEST_F(kafka_sink, ends_where_nothing_helps)
{
    unit_no no = 0;
    for (const auto& [code, kind, part] : std::vector<std::tuple<rd_kafka_resp_err_t, error_kind, std::string>>{
             {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, error_kind::permission, "uthoriz"},
             {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, error_kind::config, "message.timestamp.after.max.ms"}})
    {
        open();
        ASSERT_TRUE(to_->ready());
        fail_next(produce, {code});
        try
        {
            // Another one: this broker shows what was aborted.
            const auto answer = ship({no++});
            FAIL() << "it goes on after " << code << ": " << run::name(answer.what) << ' ' << answer.code.data() << ' '
                   << answer.detail;
        }
        catch (const error& why)
        {
            EXPECT_EQ(why.kind(), kind) << why.what();
            EXPECT_NE(std::string(why.what()).find(part), std::string::npos) << why.what();
        }
    }
}

TEST_F(kafka_sink, a_commit_without_answer_is_in_doubt_until_the_broker_is_back)
{
    how_.patience = 1s;
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({0}));
    rd_kafka_mock_broker_set_down(cluster_, 1);
    EXPECT_EQ(ship({1}).what, outcome::in_doubt);
    rd_kafka_mock_broker_set_up(cluster_, 1);
    ASSERT_TRUE(to_->ready());
    EXPECT_EQ(ship({1}, form::replay).what, outcome::already_there) << "the commit was made in the end";
    EXPECT_TRUE(settle({2}));
    const auto found = read();
    EXPECT_EQ(found.highest(), 2U);
}

TEST_F(kafka_sink, topics_that_have_lost_records_are_told)
{
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({0, 1}));
    how_.known = 1;
    open();
    EXPECT_TRUE(to_->ready());
    how_.known = 2;
    open();
    try
    {
        static_cast<void>(to_->ready());
        FAIL() << "it goes on";
    }
    catch (const error& why)
    {
        EXPECT_EQ(why.kind(), error_kind::no_output);
        EXPECT_NE(std::string(why.what()).find("end with unit 1, but unit 2 was written"), std::string::npos)
            << why.what();
    }
}

TEST_F(kafka_sink, a_topic_that_is_not_there_is_told_and_a_stop_ends_the_waiting)
{
    how_.cluster = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)},
                    {"allow.auto.create.topics", "false"}};
    EXPECT_THROW(static_cast<void>(read_tail(how_.cluster, {"nowhere"}, {.timeout = 5s}, {})), error);
    open();
    ASSERT_TRUE(to_->ready());
    rd_kafka_mock_broker_set_down(cluster_, 1);
    std::stop_source stop;
    open(stop.get_token());
    std::jthread later(
        [&]
        {
            std::this_thread::sleep_for(500ms);
            stop.request_stop();
        });
    EXPECT_FALSE(to_->ready());
}

TEST_F(kafka_sink, without_transactions_records_that_are_there_are_skipped_one_by_one)
{
    how_.promise = delivery::idempotent;
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_TRUE(settle({0, 1}));
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_EQ(ship({1}, form::replay).what, outcome::already_there);
    EXPECT_EQ(ship({2}, form::replay).what, outcome::committed);
    EXPECT_EQ(counts_.records, 6U);
    EXPECT_EQ(counts_.skipped, 2U);
}

TEST_F(kafka_sink, groups_grow_while_they_are_full)
{
    how_.group = 2;
    how_.group_max = 8;
    open();
    ASSERT_TRUE(to_->ready());
    EXPECT_EQ(to_->units_max(), 2U);
    EXPECT_TRUE(settle({0, 1}));
    EXPECT_EQ(to_->units_max(), 4U);
    EXPECT_TRUE(settle({2, 3, 4, 5}));
    EXPECT_TRUE(settle({6, 7, 8, 9, 10, 11, 12, 13}));
    EXPECT_EQ(to_->units_max(), 8U);
    EXPECT_TRUE(settle({14}));
    EXPECT_EQ(to_->units_max(), 4U);
}

}  // namespace
}  // namespace bazaar::kafka

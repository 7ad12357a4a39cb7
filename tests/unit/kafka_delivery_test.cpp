// What a producer does about a failure, the header of a record, and what the tail of a topic tells. No broker.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <librdkafka/rdkafka.h>

#include "bazaar/kafka/remedy.hpp"
#include "bazaar/kafka/tail.hpp"
#include "bazaar/kafka/unit_header.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::kafka
{
namespace
{

TEST(kafka_remedy, every_number_of_the_library_has_one)
{
    std::set<int> known;
    for (const auto& row : remedies())
        EXPECT_TRUE(known.insert(row.code).second) << row.code;
    const rd_kafka_err_desc* all = nullptr;
    std::size_t count = 0;
    rd_kafka_get_err_descs(&all, &count);
    std::size_t looked = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        // Borders of ranges, and numbers between them that mean nothing.
        if (all[i].name == nullptr || all[i].code == RD_KAFKA_RESP_ERR__BEGIN || all[i].code == RD_KAFKA_RESP_ERR__END)
            continue;
        ++looked;
        EXPECT_TRUE(known.contains(all[i].code)) << all[i].code << ' ' << all[i].name;
    }
    EXPECT_GT(looked, 140U);
}

TEST(kafka_remedy, is_what_helps)
{
    EXPECT_EQ(remedy_of(RD_KAFKA_RESP_ERR_NO_ERROR), remedy::none);
    for (const auto code : {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
                            RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS})
        EXPECT_EQ(remedy_of(code), remedy::again) << code;
    EXPECT_EQ(remedy_of(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER), remedy::abort);
    EXPECT_EQ(remedy_of(RD_KAFKA_RESP_ERR__INCONSISTENT), remedy::reopen);
    EXPECT_EQ(remedy_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), remedy::refuse);
    for (const auto code :
         {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR__FENCED,
          RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_INVALID_GROUP_ID})
        EXPECT_EQ(remedy_of(code), remedy::stop) << code;
    EXPECT_EQ(remedy_of(12'345), remedy::again) << "of a broker of the future";
    EXPECT_TRUE(is_fenced(RD_KAFKA_RESP_ERR_PRODUCER_FENCED));
    EXPECT_FALSE(is_fenced(RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED)) << "that is the broker's own";
}

TEST(kafka_remedy, codes_go_through_the_control_log)
{
    for (const auto& [code, text] : std::vector<std::pair<int, std::string>>{{10, "K0010"}, {-185, "L0185"}})
    {
        EXPECT_STREQ(short_code(code).data(), text.c_str());
        EXPECT_EQ(run::reject_code(run::reject_value({run::outcome::rejected, short_code(code), {}})), text);
    }
}

TEST(kafka_unit_header, is_read_as_it_is_written)
{
    using namespace std::string_view_literals;
    const unit_header one{0x3ffff, (unit_no{1} << 40) - 2, 7, 300};
    const auto bytes = to_bytes(one);
    EXPECT_EQ(std::string_view(bytes.data(), bytes.size()), "\0\x03\xff\xff\0\0\0\xff\xff\xff\xff\xfe\0\x07\x01\x2c"sv);
    EXPECT_EQ(read_unit_header({bytes.data(), bytes.size()}), one);
    for (const auto& wrong : {unit_header{1, 5, 3, 3}, unit_header{1, 5, 0, 0}, unit_header{1, no_unit, 0, 1}})
    {
        const auto harmed = to_bytes(wrong);
        EXPECT_FALSE(read_unit_header({harmed.data(), harmed.size()}));
    }
    EXPECT_FALSE(read_unit_header({bytes.data(), bytes.size() - 1}));
    EXPECT_FALSE(read_unit_header(""));
}

TEST(kafka_tail, tells_what_is_there)
{
    tail found(100);
    EXPECT_FALSE(found.highest());
    EXPECT_FALSE(found.has(0, 0));
    found.add({1, 1'000, 0, 2});
    found.add({1, 950, 1, 2});
    EXPECT_EQ(found.highest(), 1'000U);
    EXPECT_TRUE(found.has(1'000, 0));
    EXPECT_FALSE(found.has(1'000, 1)) << "a part of a unit is not the unit";
    EXPECT_FALSE(found.has(950, 0));
    EXPECT_TRUE(found.has(950, 1));
    EXPECT_FALSE(found.has(1'001, 0));
    EXPECT_FALSE(found.has(900, 0)) << "within the window it must be found";
    EXPECT_TRUE(found.has(899, 0)) << "below it everything is there";
    found.add_whole(1'200, 2);
    EXPECT_TRUE(found.has(1'200, 1));
    EXPECT_TRUE(found.has(1'000, 1)) << "it is below the window now";
    found.prune();
    EXPECT_TRUE(found.has(1'000, 0));
    EXPECT_FALSE(found.has(1'150, 0));
}

TEST(kafka_tail, stays_small)
{
    tail found(10);
    for (unit_no no = 0; no < 100'000; ++no)
        found.add({1, no, 0, 1});
    EXPECT_TRUE(found.has(99'990, 0));
    EXPECT_FALSE(found.has(99'995, 1));
    EXPECT_EQ(found.highest(), 99'999U);
}

}  // namespace
}  // namespace bazaar::kafka

// Judgement of the Kafka room that needs no broker.

#include <gtest/gtest.h>

#include "bazaar/kafka/classify.hpp"
#include "bazaar/kafka/topics.hpp"

namespace bazaar::kafka
{
namespace
{

TEST(kafka_login_advice, names_the_bug_of_scram_where_it_is)
{
    constexpr int bookworm = 0x020002ff, mended = 0x020601ff, last_bad = 0x020600ff;
    for (const int version : {bookworm, last_bad})
        EXPECT_NE(login_advice("SCRAM-SHA-512", version).find("a known bug that 2.6.1 mends"), std::string::npos);
    EXPECT_NE(login_advice("SCRAM-SHA-256", bookworm).find("librdkafka 2.0.2 cannot"), std::string::npos);
    EXPECT_EQ(login_advice("SCRAM-SHA-512", mended).find("bug"), std::string::npos);
    EXPECT_EQ(login_advice("PLAIN", bookworm).find("bug"), std::string::npos);
    EXPECT_NE(login_advice("", bookworm).find("--kafka-ca-file"), std::string::npos);
}

TEST(kafka_differences, are_told_by_setting)
{
    const model::topic wished{"t", "default", 3, 2, {{"cleanup.policy", "compact"}, {"retention.ms", "1"}}};
    found_topic is{3, 2, true, {{"cleanup.policy", "compact"}, {"retention.ms", "1"}, {"other", "x"}}, {}};
    EXPECT_TRUE(differences(wished, is).empty()) << "what is not wished is the broker's";
    is.partitions = 1;
    is.replication = 1;
    is.settings["retention.ms"] = "2";
    EXPECT_EQ(differences(wished, is), (std::vector<drift>{{"t", "partitions", "1", "3"},
                                                           {"t", "replication factor", "1", "2"},
                                                           {"t", "retention.ms", "2", "1"}}));
    EXPECT_TRUE(differences({"t", "", -1, -1, {}}, is).empty()) << "-1 leaves it to the broker";
}

}  // namespace
}  // namespace bazaar::kafka

#pragma once

#include <map>
#include <string>

namespace bazaar::model
{

/// A Kafka topic as it is wished, or as it is found.
struct topic
{
    std::string name;
    std::string group;                            ///< Topics of one group are wished alike; "default" is Connect's own.
    int partitions = 1;                           ///< -1: as the broker has it.
    int replication = -1;                         ///< Copies; -1: as the broker has it.
    std::map<std::string, std::string> settings;  ///< By Kafka's names; what is not named is left to the broker.
};

}  // namespace bazaar::model

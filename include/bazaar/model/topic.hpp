#pragma once

#include <map>
#include <string>

namespace bazaar::model
{

/// A Kafka topic as it should be, or as it is found.
struct topic
{
    std::string name;
    std::string group;     ///< Topics of a group are configured alike; "default" is Connect's own.
    int partitions = 1;    ///< -1: as the broker has it.
    int replication = -1;  ///< Copies; -1: as the broker has it.
    std::map<std::string, std::string> settings;  ///< By Kafka's names; all others are left to the broker.
};

}  // namespace bazaar::model

#pragma once

#include <map>
#include <string>

namespace bazaar::test
{

/// The least that a configuration of Debezium's connector has, and what more a test wants.
inline std::map<std::string, std::string> connector_settings(const std::map<std::string, std::string>& more)
{
    auto made = more;
    made.emplace("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    made.emplace("topic.prefix", "ecomm");
    return made;
}

}  // namespace bazaar::test

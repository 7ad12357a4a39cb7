#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bazaar::kafka
{

/// How to reach a cluster, by librdkafka's names. Contains secrets; a later pair replaces an earlier one.
using client_settings = std::vector<std::pair<std::string, std::string>>;

}  // namespace bazaar::kafka

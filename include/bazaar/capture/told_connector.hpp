#pragma once

#include <map>
#include <string>

#include "bazaar/verify/encodings.hpp"

namespace bazaar::capture
{

/// What the configuration of a connector tells of its messages.
struct told_connector
{
    verify::encodings how;
    std::string topic_prefix, slot, publication;  ///< Empty: not told.
    std::map<std::string, std::string> config;    ///< All of it; none: nothing is told.
};

/// Reads a configuration by Debezium's names; `place` is the file or the address that it came from.
///
/// Errors: `data` with a line for each thing that is wrong, that contradicts another one, or that no message of JSON comes from.
[[nodiscard]] told_connector told_by(const std::map<std::string, std::string>& config, const std::string& place);

/// The names and texts of a file as `connector config` prints it, or as Connect's REST interface takes and returns it.
///
/// Errors: `no_input` when it cannot be read, `data` when it is no such file.
[[nodiscard]] std::map<std::string, std::string> read_connector_config(const std::string& file);

}  // namespace bazaar::capture

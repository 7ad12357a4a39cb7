#pragma once

#include <map>
#include <string>

#include "bazaar/verify/encodings.hpp"

namespace bazaar::capture
{

/// What the configuration of a connector says about its messages.
struct told_connector
{
    verify::encodings how;
    std::string topic_prefix, slot, publication;  ///< Empty: not given.
    std::map<std::string, std::string> config;    ///< The whole configuration; empty: none was given.
};

/// Reads a configuration by Debezium's names; `place` is the file or the address that it came from.
///
/// Errors: `data` with a line for each setting that is wrong, contradicts another one, or does not produce JSON
/// messages.
[[nodiscard]] told_connector told_by(const std::map<std::string, std::string>& config, const std::string& place);

/// The names and values in a file as printed by `connector config`, or as accepted and returned by Connect's REST
/// interface.
///
/// Errors: `no_input` if it cannot be read, `data` if it is not such a file.
[[nodiscard]] std::map<std::string, std::string> read_connector_config(const std::string& file);

}  // namespace bazaar::capture

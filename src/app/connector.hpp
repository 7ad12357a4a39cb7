#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bazaar/app/options.hpp"
#include "bazaar/capture/connect_rest.hpp"
#include "bazaar/capture/told_connector.hpp"

namespace bazaar::app
{

/// The name that was given, or else that of the schema.
[[nodiscard]] std::string connector_name(const options& opts);

/// The configuration that `connector config` prints: names and texts, in the order in which people read it.
[[nodiscard]] nlohmann::ordered_json wished_connector(const options& opts);

/// Names that were given, and that Connect or Debezium would take for something else: a line for each.
[[nodiscard]] std::vector<std::string> impossible_names(const options& opts);

/// How the Connect worker is reached.
[[nodiscard]] capture::connect_place connect_place_of(const options& opts);

/// The configuration of --connector-config, or that of the worker where --connect-url stands on the command line. Nothing is told
/// otherwise. Puts topic prefix and slot into `opts` where no flag has given them.
///
/// Errors: those of `told_by`, `read_connector_config` and `read_connector`; `usage` where a flag says something else, `config` where the
/// worker has no such connector.
[[nodiscard]] capture::told_connector told_connector_of(options& opts);

}  // namespace bazaar::app

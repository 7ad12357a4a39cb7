#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "bazaar/base/plain.hpp"
#include "bazaar/io/json.hpp"

namespace bazaar::io
{

/// A document, safe for a terminal; text in it that is not UTF-8 is replaced. `indent` as for `dump`.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& document, int indent = -1)
{
    return plain_json(io::write_json(document, indent));
}

}  // namespace bazaar::io

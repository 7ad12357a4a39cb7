#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "bazaar/base/plain.hpp"

namespace bazaar::app
{

/// A document as it may go to a terminal; text in it that is no UTF-8 is replaced. `indent` as of `dump`.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& document, int indent = -1)
{
    return plain_json(document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace bazaar::app

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace bazaar::io
{

/// Far deeper than anybody writes. Printing, copying or freeing a document takes one stack frame per level.
inline constexpr std::size_t json_depth_max = 100;

/// Whether arrays and objects of the text are nested deeper than `most`.
[[nodiscard]] bool is_too_deep(std::string_view text, std::size_t most = json_depth_max) noexcept;

/// Why JSON from elsewhere is not accepted although it can be parsed: it is nested too deep, or an object has a
/// duplicate key, which readers interpret differently. Empty for all other texts, including those that are not JSON.
[[nodiscard]] std::string json_problem(std::string_view text);

/// Reads JSON from elsewhere. Text that is not JSON, or too deep, gives a discarded value, which is neither object nor
/// array.
template <typename Json = nlohmann::ordered_json>
[[nodiscard]] Json read_json(std::string_view text)
{
    return is_too_deep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

/// A document as UTF-8; invalid bytes in its strings are replaced, without affecting the rest. `indent` as for `dump`.
template <typename Json>
[[nodiscard]] std::string write_json(const Json& document, int indent = -1)
{
    return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bazaar::io

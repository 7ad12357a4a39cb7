#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace bazaar::io
{

/// Far above what anybody writes. Deeper ones take a stack frame a level when they are printed, copied or freed.
inline constexpr std::size_t json_depth_max = 100;

/// Whether arrays and objects of the text stand deeper in each other.
[[nodiscard]] bool is_too_deep(std::string_view text, std::size_t most = json_depth_max) noexcept;

/// Why JSON of others is not taken though it can be parsed: it is nested too deep, or an object has a key twice, of which readers take the
/// one or the other. Empty for all else, what is no JSON too.
[[nodiscard]] std::string json_problem(std::string_view text);

/// JSON of others. What is none, or is too deep, is discarded, and so neither object nor array.
template <typename Json = nlohmann::ordered_json>
[[nodiscard]] Json read_json(std::string_view text)
{
    return is_too_deep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

/// A document as UTF-8; what in its strings is none is replaced, and costs no more than itself. `indent` as of `dump`.
template <typename Json>
[[nodiscard]] std::string write_json(const Json& document, int indent = -1)
{
    return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bazaar::io

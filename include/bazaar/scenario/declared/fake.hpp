#pragma once

#include <span>
#include <string_view>

namespace bazaar::scenario::declared
{

/// The words that `{fake: WORD}` knows, and the countries whose people they are, by code.
[[nodiscard]] std::span<const std::string_view> fake_word_names() noexcept;
[[nodiscard]] std::span<const std::string_view> fake_countries() noexcept;

}  // namespace bazaar::scenario::declared

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::io
{

/// The characters of a YAML file, by their places.
class yaml_text
{
public:
    explicit yaml_text(std::string_view text)
        : text_(text), lines_(static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1)
    {
    }

    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    [[nodiscard]] std::size_t lines() const noexcept { return lines_; }

    /// Tells of everything that libyaml would refuse as a character, or take for the end of a line without its looking like one. True when there
    /// is nothing.
    bool check(scenario::declared::problems& to) const;

    /// Tells of each tab from `line` on that stands before the text of its line; false when there is none.
    bool tell_of_tabs(std::size_t line, scenario::declared::problems& to) const;

    /// Byte of the n-th character, from 0. Fast for numbers that ascend.
    [[nodiscard]] std::size_t byte_of(std::size_t character) noexcept;

private:
    std::string_view text_;
    std::size_t lines_;
    std::size_t character_ = 0;  ///< Where byte_of was last.
    std::size_t byte_ = 0;
};

}  // namespace bazaar::io

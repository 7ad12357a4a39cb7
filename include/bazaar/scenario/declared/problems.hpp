#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::scenario::declared
{

/// What is wrong with a scenario file, all at once.
///
/// Limits: the first 50 that were added are kept, the others counted.
class problems
{
public:
    /// `word` stands before each, such as "warning: ".
    explicit problems(std::string file, std::string word = {}) : files_{std::move(file)}, word_(std::move(word)) {}

    /// One more file, which another one extends; its number is that of `mark::file`.
    std::uint32_t add_file(std::string file)
    {
        files_.push_back(std::move(file));
        return static_cast<std::uint32_t>(files_.size() - 1);
    }

    /// `what` says what is wrong and, behind a semicolon, what would be right; `path` leads to it, as "orders.links.cust.to", and may be empty.
    void add(mark at, std::string_view path, std::string_view what);
    void add(mark at, std::string_view what) { add(at, {}, what); }

    [[nodiscard]] bool empty() const noexcept { return kept_.empty(); }

    /// "file:line:column: path: what" each, in the order of the files, fit for a terminal; a last line tells of those that were only counted.
    [[nodiscard]] std::vector<std::string> lines() const;

    /// How many there are, those that are only counted among them.
    [[nodiscard]] std::size_t size() const noexcept { return kept_.size() + more_; }

private:
    struct problem
    {
        mark at;
        std::string text;
    };

    std::vector<std::string> files_;
    std::string word_;
    std::vector<problem> kept_;
    std::size_t more_ = 0;
};

}  // namespace bazaar::scenario::declared

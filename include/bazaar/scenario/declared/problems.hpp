#pragma once

#include <cstddef>
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
    explicit problems(std::string file) : file_(std::move(file)) {}

    /// `what` says what is wrong and, behind a semicolon, what would be right; `path` leads to it, as "orders.links.cust.to", and may be empty.
    void add(mark at, std::string_view path, std::string_view what);
    void add(mark at, std::string_view what) { add(at, {}, what); }

    [[nodiscard]] bool empty() const noexcept { return kept_.empty(); }

    /// "file:line:column: path: what" each, in the order of the file, fit for a terminal; a last line tells of those that were only counted.
    [[nodiscard]] std::vector<std::string> lines() const;

private:
    struct problem
    {
        mark at;
        std::string text;
    };

    std::string file_;
    std::vector<problem> kept_;
    std::size_t more_ = 0;
};

}  // namespace bazaar::scenario::declared

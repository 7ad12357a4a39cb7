#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bazaar/model/unit.hpp"
#include "scenario/thelook/catalogue.hpp"

namespace bazaar::scenario::thelook
{

struct address
{
    const place* where;
    std::string_view street;
    double latitude, longitude;
};

/// What users are: a function of (seed, user, number of moves).
class shoppers
{
public:
    /// `run` names the run: e-mail addresses of two runs never meet.
    shoppers(std::uint64_t seed, const catalogue& c, std::string_view run);

    [[nodiscard]] bool woman(std::uint64_t user) const noexcept;

    /// Where the user has heard of the shop.
    [[nodiscard]] std::string_view source(std::uint64_t user) const { return drawn_of(user).source; }

    /// Where the user lives after `moves` address changes.
    [[nodiscard]] const place& home(std::uint64_t user, std::uint32_t moves) const noexcept;
    [[nodiscard]] address home_address(std::uint64_t user, std::uint32_t moves, model::arena& arena) const;

    /// Fills a row of `users`.
    void fill(std::span<model::value> row, std::uint64_t user, unit_no unit, time created, time updated,
              std::uint32_t moves, model::arena& arena) const;

    /// Blanks what tells who a filled row of `users` was. Gender, state, country and source of traffic stay: statistics, and the
    /// first has no third value.
    void erase(std::span<model::value> row, std::uint64_t user, time updated, model::arena& arena) const;

private:
    /// What no move changes.
    struct drawn
    {
        bool woman;
        const name* first;
        const name* last;
        std::string_view mail_end;
        std::int64_t age;
        std::string_view source;
    };

    [[nodiscard]] drawn drawn_of(std::uint64_t user) const;

    std::uint64_t seed_;
    const catalogue& catalogue_;
    std::string domain_;
};

}  // namespace bazaar::scenario::thelook

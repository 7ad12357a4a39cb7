#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/arena.hpp"
#include "bazaar/scenario/declared/expression.hpp"
#include "bazaar/scenario/declared/fake.hpp"
#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/kit/csv.hpp"
#include "bazaar/scenario/kit/weighted.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::declared
{

/// People and places as theLook has them: names.csv, places.csv and streets.csv.
///
/// Threads: immutable. Lifetime: of the seed files.
class fake_words
{
public:
    /// Errors: throws `data` for a seed file that is none, all problems at once.
    fake_words(const seed_files& files, std::string_view run);

    /// A word of the person with this number; `row` makes an address unique.
    [[nodiscard]] operand word(const gen::fake& what, std::uint64_t seed, std::uint64_t person, std::uint64_t row,
                               model::arena& texts) const;

private:
    struct person_name
    {
        std::string_view name, ascii;
    };

    struct place
    {
        std::string_view state, city, postal_code;
    };

    struct country
    {
        std::string_view name;
        std::array<std::vector<person_name>, 3> names;  ///< First ones of women and of men; last ones.
        std::array<kit::weighted, 3> name_weights;
        std::vector<place> places;
        kit::weighted place_weights;
        std::vector<std::string_view> streets, patterns;
    };

    [[nodiscard]] country& of(std::string_view name);
    void read_names(std::string_view bytes, std::vector<std::string>& problems);
    void read_places(std::string_view bytes, std::vector<std::string>& problems);
    void read_streets(std::string_view bytes, std::vector<std::string>& problems);
    void keep(kit::csv& file, std::vector<std::string>& problems);
    [[nodiscard]] std::string_view street(const country& in, std::uint64_t key, model::arena& texts) const;

    std::string domain_;
    std::vector<country> countries_;
    std::vector<std::uint16_t> by_code_;  ///< Place in `countries_` of a country of `fake_countries`.
    kit::weighted people_;                ///< Of `countries_`.
    kit::csv::copies copies_;
};

}  // namespace bazaar::scenario::declared

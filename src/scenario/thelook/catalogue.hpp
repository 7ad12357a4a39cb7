#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/random.hpp"
#include "bazaar/scenario/kit/csv.hpp"
#include "bazaar/scenario/kit/weighted.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::thelook
{

struct product
{
    std::int64_t id;
    std::int64_t cost;   ///< Cents.
    std::int64_t price;  ///< Cents.
    std::string_view category, name, brand, department, sku;
    std::int64_t centre;
    std::uint32_t cell;  ///< Number of its department and category.
};

struct centre
{
    std::int64_t id;
    std::string_view name;
    std::int64_t latitude, longitude;  ///< Microdegrees.
};

struct place
{
    std::string_view country, state, city, postal_code;
    std::int64_t latitude, longitude;          ///< Microdegrees.
    std::uint32_t people;                      ///< Number of its country in `peoples`.
    std::uint32_t state_begin, state_end;      ///< Places of the same state.
    std::uint32_t country_begin, country_end;  ///< Places of the same country.
};

struct name
{
    std::string_view text;
    std::string_view ascii;  ///< Lower-case letters for e-mail addresses.
};

struct names
{
    std::vector<name> list;
    kit::weighted weights;

    [[nodiscard]] const name& pick(random& draw) const { return list[weights.pick(draw)]; }
};

/// How people of one country are called and live.
struct people
{
    std::string_view country;
    names women, men, families;
    std::vector<std::string_view> streets, patterns;
};

/// What has one department, or one category of a department.
struct shelf
{
    std::vector<std::uint32_t> products;  ///< Positions in `catalogue::products`.
    kit::weighted weights;

    [[nodiscard]] std::uint32_t pick(random& draw) const { return products[weights.pick(draw)]; }
};

/// Filters of the places where users live; "*" means any.
struct filter
{
    std::string_view country = "*", state = "*", postal_code = "*";
};

/// The seed data of the shop, indexed for drawing.
///
/// Lifetime: views into the seed files' bytes.
/// Threads:  immutable.
class catalogue
{
public:
    /// Errors: throws `data` with every problem of the files; `usage` with near matches when the filters leave no place.
    catalogue(const seed_files& files, const filter& where);

    [[nodiscard]] std::span<const product> products() const noexcept { return products_; }
    [[nodiscard]] std::span<const centre> centres() const noexcept { return centres_; }
    [[nodiscard]] std::span<const place> places() const noexcept { return places_; }
    [[nodiscard]] const people& people_of(const place& p) const { return peoples_[p.people]; }
    [[nodiscard]] const shelf& cell(std::uint32_t number) const { return cells_[number]; }

    /// The department for men or women; all products where the catalogue has no such department.
    [[nodiscard]] const shelf& department(bool women) const { return women ? women_ : men_; }

    [[nodiscard]] const kit::weighted& population() const noexcept { return population_; }
    [[nodiscard]] std::uint64_t digest() const noexcept { return digest_; }

private:
    void read_products(std::string_view bytes, std::vector<std::string>& problems);
    void read_centres(std::string_view bytes, std::vector<std::string>& problems);
    void read_places(std::string_view bytes, const filter& where, std::vector<std::string>& problems);
    void read_names(std::string_view bytes, std::vector<std::string>& problems);
    void read_streets(std::string_view bytes, std::vector<std::string>& problems);
    void keep(kit::csv& file, std::vector<std::string>& problems);
    void sort_places();
    people& people_named(std::string_view country);

    std::vector<product> products_;
    std::vector<centre> centres_;
    std::vector<std::pair<place, std::uint64_t>> found_;  ///< Places that pass the filter, with their population.
    std::vector<place> places_;
    std::vector<people> peoples_;
    std::vector<shelf> cells_;
    shelf women_, men_;
    kit::weighted population_;
    kit::csv::copies copies_;  ///< Of texts that do not stand in the files as they are.
    std::uint64_t digest_ = 0;
};

}  // namespace bazaar::scenario::thelook

#include "scenario/thelook/catalogue.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/scenario/embedded.hpp"
#include "bazaar/scenario/kit/csv.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr std::int64_t degree = 1'000'000;

std::string_view bytes_of(const seed_files& files, std::string_view name)
{
    const auto given = files.find(name);
    return given == files.end() ? embedded(name) : given->second;
}

/// Digest of bytes, eight at a time; little end first on every machine.
std::uint64_t digest_of(std::string_view bytes, std::uint64_t digest)
{
    digest = mix(digest + bytes.size());
    while (!bytes.empty())
    {
        const auto length = std::min<std::size_t>(8, bytes.size());
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), length);
        if constexpr (std::endian::native == std::endian::big)
            word = __builtin_bswap64(word);
        digest = mix(digest ^ word) + 0x9e3779b97f4a7c15U;
        bytes.remove_prefix(length);
    }
    return digest;
}

bool matches(std::string_view filter, std::string_view value)
{
    return filter == "*" || same_letters(filter, value);
}

void push(shelf& where, std::uint32_t position, std::uint64_t weight)
{
    where.products.push_back(position);
    where.weights.push(weight);
}

}  // namespace

catalogue::catalogue(const seed_files& files, const filter& where)
{
    std::vector<std::string> problems;
    const auto centres = bytes_of(files, "distribution_centers.csv");
    const auto products = bytes_of(files, "products.csv");
    const auto places = bytes_of(files, "places.csv");
    const auto name_bytes = bytes_of(files, "names.csv");
    const auto streets = bytes_of(files, "streets.csv");
    read_centres(centres, problems);
    read_products(products, problems);
    read_names(name_bytes, problems);
    read_streets(streets, problems);
    read_places(places, where, problems);
    if (!problems.empty())
        throw error(error_kind::data, problems);
    sort_places();
    for (const auto part : {centres, products, places, name_bytes, streets})
        digest_ = digest_of(part, digest_);
}

void catalogue::keep(kit::csv& file, std::vector<std::string>& problems)
{
    problems.insert(problems.end(), file.problems().begin(), file.problems().end());
    std::ranges::move(file.take_copies(), std::back_inserter(copies_));
}

void catalogue::read_centres(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file("distribution_centers.csv", bytes, {"id", "name", "latitude", "longitude"});
    std::set<std::int64_t> ids;
    while (file.next())
    {
        const centre c{file.integer(0, 1, INT64_MAX), file.filled(1), file.decimal(2, 6, -90 * degree, 90 * degree),
                       file.decimal(3, 6, -180 * degree, 180 * degree)};
        if (!ids.insert(c.id).second)
            file.problem(0, fmt::format("{} is there twice", c.id));
        centres_.push_back(c);
    }
    if (centres_.empty() && file.problems().empty())
        file.problems().push_back("distribution_centers.csv: has no row; at least one distribution centre is needed");
    keep(file, problems);
}

void catalogue::read_products(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file(
        "products.csv", bytes,
        {"id", "cost", "category", "name", "brand", "retail_price", "department", "sku", "distribution_center_id"},
        {"popularity"});
    constexpr std::int64_t most = 1'000'000'000'00;
    std::set<std::int64_t> ids;
    std::set<std::string_view> skus;
    std::map<std::pair<std::string_view, std::string_view>, std::uint32_t> cells;
    shelf all;
    while (file.next())
    {
        product p{file.integer(0, 1, static_cast<std::int64_t>(row_end) - 1),
                  file.decimal(1, 2, 1, most),
                  file.decimal(5, 2, 2, most),
                  file.filled(2),
                  file.filled(3),
                  file.filled(4),
                  file.filled(6),
                  file.filled(7),
                  file.integer(8, 1, INT64_MAX),
                  0};
        if (!ids.insert(p.id).second)
            file.problem(0, fmt::format("{} is there twice", p.id));
        if (!skus.insert(p.sku).second)
            file.problem(7, fmt::format("{} is there twice", p.sku));
        if (p.cost >= p.price && file.problems().empty())
            file.problem(1, "must be below retail_price");
        if (std::none_of(centres_.begin(), centres_.end(), [&](const centre& c) { return c.id == p.centre; }))
            file.problem(8, fmt::format("{} is no id of distribution_centers.csv", p.centre));
        const auto weight = static_cast<std::uint64_t>(file.has(9) ? file.integer(9, 1, 1'000'000'000) : 1);
        const auto position = static_cast<std::uint32_t>(products_.size());
        const auto [at, fresh] = cells.try_emplace({p.department, p.category},
                                                   static_cast<std::uint32_t>(cells_.size()));
        if (fresh)
            cells_.emplace_back();
        p.cell = at->second;
        push(cells_[p.cell], position, weight);
        push(all, position, weight);
        if (p.department == "Women")
            push(women_, position, weight);
        if (p.department == "Men")
            push(men_, position, weight);
        products_.push_back(p);
    }
    if (products_.size() < 4 && file.problems().empty())
        file.problems().push_back("products.csv: has fewer than 4 rows; an order may hold 4 different products");
    if (women_.products.empty())
        women_ = all;
    if (men_.products.empty())
        men_ = all;
    keep(file, problems);
}

people& catalogue::people_named(std::string_view country)
{
    for (auto& p : peoples_)
        if (p.country == country)
            return p;
    peoples_.emplace_back().country = country;
    return peoples_.back();
}

void catalogue::read_names(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file("names.csv", bytes, {"country", "kind", "gender", "name", "ascii", "weight"});
    while (file.next())
    {
        auto& p = people_named(file.filled(0));
        const auto kind = file.text(1);
        const auto gender = file.text(2);
        const name n{file.filled(3), file.filled(4)};
        const auto weight = static_cast<std::uint64_t>(file.integer(5, 1, 1'000'000'000));
        if (!std::all_of(n.ascii.begin(), n.ascii.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
            file.problem(4, fmt::format("\"{}\" must have letters a to z only", n.ascii));
        names* list = nullptr;
        if (kind == "last")
            list = &p.families;
        else if (kind == "first" && (gender == "F" || gender == "M"))
            list = gender == "F" ? &p.women : &p.men;
        if (list == nullptr)
        {
            file.problem(1, fmt::format("\"{}\" with gender \"{}\" must be first with F or M, or last", kind, gender));
            continue;
        }
        list->list.push_back(n);
        list->weights.push(weight);
    }
    keep(file, problems);
}

void catalogue::read_streets(std::string_view bytes, std::vector<std::string>& problems)
{
    constexpr auto npos = std::string_view::npos;
    kit::csv file("streets.csv", bytes, {"country", "kind", "value"});
    while (file.next())
    {
        auto& p = people_named(file.filled(0));
        const auto kind = file.text(1);
        const auto value = file.filled(2);
        if (kind == "name")
            p.streets.push_back(value);
        else if (kind == "pattern" && value.find("{street}") != npos &&
                 value.find("{street}") == value.rfind("{street}"))
            p.patterns.push_back(value);
        else if (kind == "pattern")
            file.problem(2, "must contain {street} once");
        else
            file.problem(1, fmt::format("\"{}\" must be name or pattern", kind));
    }
    keep(file, problems);
}

void catalogue::read_places(std::string_view bytes, const filter& where, std::vector<std::string>& problems)
{
    kit::csv file("places.csv", bytes,
                  {"country", "state", "city", "postal_code", "latitude", "longitude", "population"});
    std::set<std::string_view> countries, states, codes;
    std::map<std::string_view, std::uint32_t> numbers;
    while (file.next())
    {
        place p{file.filled(0),
                file.filled(1),
                file.filled(2),
                file.filled(3),
                file.decimal(4, 6, -90 * degree, 90 * degree),
                file.decimal(5, 6, -180 * degree, 180 * degree),
                0,
                0,
                0,
                0,
                0};
        const auto weight = static_cast<std::uint64_t>(file.integer(6, 0, 10'000'000'000));
        const auto [at, fresh] = numbers.try_emplace(p.country, 0);
        if (fresh)
        {
            const auto& who = people_named(p.country);
            if (who.women.list.empty() || who.men.list.empty() || who.families.list.empty())
                file.problem(0,
                             fmt::format("{} has no first names for F and M and last names in names.csv", p.country));
            if (who.streets.empty() || who.patterns.empty())
                file.problem(0, fmt::format("{} has no names and patterns in streets.csv", p.country));
            at->second = static_cast<std::uint32_t>(&who - peoples_.data());
        }
        p.people = at->second;
        const bool country = matches(where.country, p.country);
        const bool state = matches(where.state, p.state);
        const bool code = matches(where.postal_code, p.postal_code);
        if (country && state && code && weight > 0)
            found_.emplace_back(p, weight);
        countries.insert(p.country);
        if (country)
            states.insert(p.state);
        if (country && state)
            codes.insert(p.postal_code);
    }
    const bool readable = file.problems().empty();
    keep(file, problems);
    if (!readable || !problems.empty() || !found_.empty())
        return;
    // Which of the filters leaves nothing, and what comes close to it?
    const auto nothing = [](std::string_view flag, std::string_view value, const std::set<std::string_view>& known,
                            std::string_view within)
    {
        const auto near = nearest(value, {known.begin(), known.end()}, 5);
        return error(error_kind::usage, fmt::format("--{} \"{}\": no such place{}; near matches: {}", flag, value,
                                                    within, fmt::join(near, ", ")));
    };
    const auto among = [&](std::string_view value, const std::set<std::string_view>& known)
    { return std::any_of(known.begin(), known.end(), [&](auto k) { return matches(value, k); }); };
    if (!among(where.country, countries))
        throw nothing("country", where.country, countries, "");
    const auto in = where.country == "*" ? std::string() : fmt::format(" in {}", where.country);
    if (!among(where.state, states))
        throw nothing("state", where.state, states, in);
    const auto in_state = where.state == "*" ? in : fmt::format(" in {}", where.state);
    throw nothing("postal-code", where.postal_code, codes, in_state);
}

void catalogue::sort_places()
{
    // Stable by construction: the position in the file decides among places of one state.
    std::vector<std::uint32_t> order(found_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b)
              {
                  const auto& x = found_[a].first;
                  const auto& y = found_[b].first;
                  return std::tie(x.country, x.state, a) < std::tie(y.country, y.state, b);
              });
    places_.reserve(order.size());
    for (const auto i : order)
    {
        places_.push_back(found_[i].first);
        population_.push(found_[i].second);
    }
    const auto count = static_cast<std::uint32_t>(places_.size());
    for (std::uint32_t begin = 0; begin < count;)
    {
        std::uint32_t end = begin;
        while (end < count && places_[end].country == places_[begin].country)
            ++end;
        for (std::uint32_t first = begin; first < end;)
        {
            std::uint32_t last = first;
            while (last < end && places_[last].state == places_[first].state)
                ++last;
            for (auto i = first; i < last; ++i)
            {
                places_[i].state_begin = first;
                places_[i].state_end = last;
                places_[i].country_begin = begin;
                places_[i].country_end = end;
            }
            first = last;
        }
        begin = end;
    }
    found_.clear();
    found_.shrink_to_fit();
}

}  // namespace bazaar::scenario::thelook

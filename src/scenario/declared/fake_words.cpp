#include "fake_words.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/scenario/embedded.hpp"

namespace bazaar::scenario::declared
{
namespace
{

enum word_number : std::uint8_t
{
    city_word,
    country_word,
    country_code_word,
    email_word,
    first_name_word,
    last_name_word,
    name_word,
    phone_number_word,
    postcode_word,
    state_word,
    street_address_word,
    user_name_word,
};

constexpr std::array<std::string_view, 12> word_names{"city",       "country",   "country_code",   "email",
                                                      "first_name", "last_name", "name",           "phone_number",
                                                      "postcode",   "state",     "street_address", "user_name"};

struct country_code
{
    std::string_view code, name, dial;
};

constexpr std::array<country_code, 14> codes{{{"AT", "Austria", "43"},
                                              {"AU", "Australia", "61"},
                                              {"BE", "Belgium", "32"},
                                              {"BR", "Brazil", "55"},
                                              {"CN", "China", "86"},
                                              {"CO", "Colombia", "57"},
                                              {"DE", "Germany", "49"},
                                              {"ES", "Spain", "34"},
                                              {"FR", "France", "33"},
                                              {"GB", "United Kingdom", "44"},
                                              {"JP", "Japan", "81"},
                                              {"KR", "South Korea", "82"},
                                              {"PL", "Poland", "48"},
                                              {"US", "United States", "1"}}};

constexpr auto code_names = []
{
    std::array<std::string_view, codes.size()> made{};
    for (std::size_t i = 0; i < codes.size(); ++i)
        made[i] = codes[i].code;
    return made;
}();

std::string_view seed_bytes(const seed_files& files, std::string_view name)
{
    const auto given = files.find(name);
    return given == files.end() ? embedded(name) : given->second;
}

/// A text with its end cut off at what has room.
template <typename... Values>
operand printed(model::arena& texts, fmt::format_string<Values...> form, Values&&... values)
{
    std::array<char, 256> room{};
    const auto end = fmt::format_to_n(room.data(), room.size(), form, std::forward<Values>(values)...);
    return {.text = texts.keep({room.data(), std::min(end.size, room.size())})};
}

}  // namespace

std::span<const std::string_view> fake_word_names() noexcept
{
    return word_names;
}

std::span<const std::string_view> fake_countries() noexcept
{
    return code_names;
}

fake_words::fake_words(const seed_files& files, std::string_view run)
    : domain_(run == "main" ? "example.com" : fmt::format("{}.example.com", run))
{
    std::vector<std::string> problems;
    read_names(seed_bytes(files, "names.csv"), problems);
    read_places(seed_bytes(files, "places.csv"), problems);
    read_streets(seed_bytes(files, "streets.csv"), problems);
    std::erase_if(countries_,
                  [](const country& one)
                  {
                      return one.places.empty() || one.streets.empty() || one.patterns.empty() ||
                             std::ranges::any_of(one.names, [](const auto& names) { return names.empty(); });
                  });
    if (countries_.empty() && problems.empty())
        problems.emplace_back("names.csv, places.csv and streets.csv have no country in common");
    if (!problems.empty())
        throw error(error_kind::data, std::move(problems));
    for (const auto& one : countries_)
        people_.push(one.place_weights.total());
    for (const auto& one : codes)
    {
        const auto at = std::ranges::find(countries_, one.name, &country::name);
        by_code_.push_back(static_cast<std::uint16_t>(at == countries_.end() ? 0 : at - countries_.begin()));
    }
}

fake_words::country& fake_words::of(std::string_view name)
{
    const auto at = std::ranges::find(countries_, name, &country::name);
    if (at != countries_.end())
        return *at;
    auto& made = countries_.emplace_back();
    made.name = name;
    return made;
}

void fake_words::keep(kit::csv& file, std::vector<std::string>& problems)
{
    problems.insert(problems.end(), file.problems().begin(), file.problems().end());
    std::ranges::move(file.take_copies(), std::back_inserter(copies_));
}

void fake_words::read_names(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file("names.csv", bytes, {"country", "kind", "gender", "name", "ascii", "weight"});
    while (file.next())
    {
        auto& in = of(file.filled(0));
        const bool first = file.text(1) == "first";
        const std::size_t which = !first ? 2 : file.text(2) == "F" ? 0 : 1;
        in.names[which].push_back({file.filled(3), file.filled(4)});
        in.name_weights[which].push(static_cast<std::uint64_t>(file.integer(5, 1, 1'000'000'000)));
    }
    keep(file, problems);
}

void fake_words::read_places(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file("places.csv", bytes, {"country", "state", "city", "postal_code", "population"});
    while (file.next())
    {
        auto& in = of(file.filled(0));
        in.places.push_back({file.text(1), file.filled(2), file.text(3)});
        in.place_weights.push(static_cast<std::uint64_t>(file.integer(4, 1, 1'000'000'000)));
    }
    keep(file, problems);
}

void fake_words::read_streets(std::string_view bytes, std::vector<std::string>& problems)
{
    kit::csv file("streets.csv", bytes, {"country", "kind", "value"});
    while (file.next())
    {
        auto& in = of(file.filled(0));
        (file.text(1) == "pattern" ? in.patterns : in.streets).push_back(file.filled(2));
    }
    keep(file, problems);
}

std::string_view fake_words::street(const country& in, std::uint64_t key, model::arena& texts) const
{
    random draw(key);
    std::string_view pattern = in.patterns[draw.below(in.patterns.size())];
    const auto name = in.streets[draw.below(in.streets.size())];
    const auto house = 1 + draw.below(199);
    std::array<char, 256> room{};
    std::size_t size = 0;
    const auto add = [&](std::string_view text)
    { size += text.copy(room.data() + size, std::min(text.size(), room.size() - size)); };
    std::array<char, 8> digits{};
    const auto end = fmt::format_to(digits.data(), "{}", house);
    while (!pattern.empty())
    {
        const auto is = [&](std::string_view mark)
        {
            const bool found = pattern.starts_with(mark);
            if (found)
                pattern.remove_prefix(mark.size());
            return found;
        };
        if (is("{n}"))
            add({digits.data(), static_cast<std::size_t>(end - digits.data())});
        else if (is("{street}"))
            add(name);
        else
        {
            add(pattern.substr(0, 1));
            pattern.remove_prefix(1);
        }
    }
    return texts.keep({room.data(), size});
}

operand fake_words::word(const gen::fake& what, std::uint64_t seed, std::uint64_t person, std::uint64_t row,
                         model::arena& texts) const
{
    const auto key = derive(mix(seed) ^ stream("fake").number, stream::named(what.set), person).next();
    const auto drawing = [&](std::uint64_t part) { return random(mix(key + part)); };
    auto draw = drawing(1);
    const auto code = std::ranges::find(code_names, what.country);
    const auto& in = countries_[code == code_names.end()
                                    ? people_.pick(draw)
                                    : by_code_[static_cast<std::size_t>(code - code_names.begin())]];
    const auto home = [&]() -> const place&
    {
        auto at = drawing(2);
        return in.places[in.place_weights.pick(at)];
    };
    const auto name_of = [&](std::size_t which) -> const person_name&
    {
        auto at = drawing(3 + which);
        return in.names[which][in.name_weights[which].pick(at)];
    };
    const auto& first = name_of(drawing(6).below(2));
    const auto& last = name_of(2);
    const auto known = std::ranges::find(codes, in.name, &country_code::name);
    switch (std::ranges::find(word_names, what.word) - word_names.begin())
    {
    case city_word:
        return {.text = home().city};
    case country_word:
        return {.text = in.name};
    case country_code_word:
        return {.text = known == codes.end() ? std::string_view("ZZ") : known->code};
    case email_word:
        return printed(texts, "{}.{}{}@{}", first.ascii, last.ascii, row + 1, domain_);
    case first_name_word:
        return {.text = first.name};
    case last_name_word:
        return {.text = last.name};
    case name_word:
        return printed(texts, "{} {}", first.name, last.name);
    case phone_number_word:
        return printed(texts, "+{} {:09}", known == codes.end() ? std::string_view("1") : known->dial,
                       200'000'000 + drawing(7).below(800'000'000));
    case postcode_word:
        return {.text = home().postal_code};
    case state_word:
        return {.text = home().state};
    case street_address_word:
        return {.text = street(in, mix(key + 8), texts)};
    case user_name_word:
        return printed(texts, "{}{}", first.ascii, row + 1);
    default:
        broken("a word was checked");
    }
}

}  // namespace bazaar::scenario::declared

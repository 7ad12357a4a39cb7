#include "app/file_scenario.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/app/flag.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::app
{

const scenario::entry* file_scenario(const std::string& name, std::span<const scenario::entry> others)
{
    if (!io::names_scenario_file(name))
        return nullptr;
    if (holds_secret(name))
        throw error(error_kind::usage,
                    "--scenario: its value looks like an address with a password; it names a shop or a file");
    const auto& of = io::offered_file(name, "--scenario " + plain(name));
    std::vector<std::string> wrong;
    if (scenario::find(others, of.name) != nullptr)
        wrong.push_back(fmt::format("{}: scenario: {} is one of the program; take another name", plain(name), of.name));
    const auto table = flag_table({}, scenario::entry{});
    const auto is_taken = [&](std::string_view word)
    {
        return std::ranges::any_of(
            table, [&](const flag& one)
            { return one.name == word || std::ranges::find(one.aliases, word) != one.aliases.end(); });
    };
    for (const auto& field : of.fields)
        if (is_taken(field.name))
            wrong.push_back(fmt::format("{}: settings.{}: --{} is a flag of the program; take another name",
                                        plain(name), field.name, field.name));
    if (!wrong.empty())
        throw error(error_kind::data, std::move(wrong));
    return &of;
}

const scenario::entry& file_scenario(const scenario::entry& of, const scenario::settings& configuration)
{
    std::vector<scenario::declared::given_setting> given;
    for (std::size_t i = 0; i < of.fields.size(); ++i)
        given.emplace_back(of.fields[i].name, configuration.printed(i));
    return io::offered_text(of.text, given);
}

}  // namespace bazaar::app

#include "bazaar/daemon/card.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/run/record_check.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/sink.hpp"

namespace bazaar::daemon
{
namespace
{

using json = nlohmann::ordered_json;

constexpr int card_version = 1;

/// Numbers of 64 bits are text: JSON readers keep 53 of them.
std::string hexadecimal(std::uint64_t number)
{
    return fmt::format("{:016x}", number);
}

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base)
{
    Number number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || wrong != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// Reads the members of one object and collects what is wrong with them.
class reader
{
public:
    reader(const json& from, std::string place, std::vector<std::string>& wrong)
        : from_(from), place_(std::move(place)), wrong_(wrong)
    {
    }

    [[nodiscard]] const json& member(const char* name, json::value_t type, const char* must_be) const
    {
        static const json none;
        const auto found = from_.is_object() ? from_.find(name) : from_.end();
        const bool fits = from_.is_object() && found != from_.end() &&
                          (found->type() == type ||
                           (type == json::value_t::number_integer && found->is_number_integer()));
        if (fits)
            return *found;
        wrong_.push_back(fmt::format("{}: \"{}\" must be {}", place_, name, must_be));
        return none;
    }

    [[nodiscard]] std::string text(const char* name) const
    {
        const auto& found = member(name, json::value_t::string, "a text");
        return found.is_string() ? found.get<std::string>() : std::string();
    }

    template <typename Number>
    [[nodiscard]] Number integer(const char* name) const
    {
        const auto& found = member(name, json::value_t::number_integer, "a whole number");
        if (!found.is_number_integer())
            return 0;
        const bool fits = found.is_number_unsigned() ? std::in_range<Number>(found.get<std::uint64_t>())
                                                     : std::in_range<Number>(found.get<std::int64_t>());
        if (!fits)
            wrong_.push_back(fmt::format("{}: \"{}\" is out of range", place_, name));
        return fits ? found.get<Number>() : Number{0};
    }

    [[nodiscard]] std::uint64_t wide(const char* name, int base) const
    {
        const auto number = number_of<std::uint64_t>(text(name), base);
        if (!number)
            wrong_.push_back(fmt::format("{}: \"{}\" must be a text of {} digits", place_, name,
                                         base == 16 ? "hexadecimal" : "decimal"));
        return number.value_or(0);
    }

    [[nodiscard]] bool flag(const char* name) const
    {
        const auto& found = member(name, json::value_t::boolean, "true or false");
        return found.is_boolean() && found.get<bool>();
    }

    [[nodiscard]] time moment(const char* name) const
    {
        const auto at = parse_time(text(name));
        if (!at)
            wrong_.push_back(fmt::format("{}: \"{}\" must be a time of RFC 3339", place_, name));
        return at.value_or(time{});
    }

private:
    const json& from_;
    std::string place_;
    std::vector<std::string>& wrong_;
};

model::control entry_of(const json& from, const std::string& place, std::span<const scenario::field> fields,
                        std::vector<std::string>& wrong)
{
    const reader in(from, place, wrong);
    model::control entry;
    entry.unit = in.integer<unit_no>("unit");
    const auto word = in.text("kind");
    const auto kind = model::control_kind(word);
    if (!kind)
        wrong.push_back(fmt::format("{}: \"kind\" {} is unknown", place, word));
    entry.what = kind.value_or(model::control::kind::shift);
    entry.value = in.integer<std::int64_t>("value");
    entry.at = in.moment("at");
    if (kind == model::control::kind::set)
    {
        const auto name = in.text("field");
        const auto found = std::ranges::find(fields, name, &scenario::field::name);
        if (found == fields.end())
            wrong.push_back(fmt::format("{}: \"field\" {} is none of the scenario", place, name));
        else
            entry.field = static_cast<std::uint16_t>(found - fields.begin());
    }
    return entry;
}

run::record record_of(const json& card, const std::string& file, std::vector<std::string>& wrong)
{
    run::record made;
    const reader in(card, file, wrong);
    if (in.integer<int>("bazaard_card") != card_version)
        wrong.push_back(fmt::format("{}: \"bazaard_card\" must be {}: another version of the program wrote it", file,
                                    card_version));
    made.run = in.text("run");
    if (!run::is_run_name(made.run))
        wrong.push_back(fmt::format("{}: \"run\" must be the name of a run", file));
    made.tag = run_tag(made.run);
    made.seed = in.wide("seed", 10);
    made.start = in.moment("start");
    made.window = in.integer<std::uint32_t>("window");
    made.settled = in.integer<unit_no>("settled");
    // The first cards do not say it.
    made.clean = card.contains("ended") && in.flag("ended");
    made.scenario = in.text("scenario");
    made.scenario_version = in.integer<std::uint32_t>("scenario_version");
    made.catalogue = in.wide("catalogue", 16);
    if (card.contains("scenario_text"))
        made.scenario_text = in.text("scenario_text");
    if (!wrong.empty())
        return made;
    const auto fields = fields_of(made);
    scenario::settings configuration(fields);
    for (const auto& [name, value] : in.member("settings", json::value_t::object, "an object").items())
    {
        if (value.is_string() && std::ranges::find(fields, name, &scenario::field::name) != fields.end())
        {
            made.settings.emplace_back(name, value.get<std::string>());
            if (const auto bad = configuration.set(configuration.find(name), made.settings.back().second); !bad.empty())
                wrong.push_back(fmt::format("{}: the setting \"{}\" {}", file, name, bad));
        }
        else
            wrong.push_back(
                fmt::format("{}: the setting \"{}\" must be one of the scenario, with a text as value", file, name));
    }
    std::size_t number = 0;
    for (const auto& entry : in.member("log", json::value_t::array, "an array"))
        made.log.push_back(entry_of(entry, fmt::format("{}: log entry {}", file, ++number), fields, wrong));
    number = 0;
    for (const auto& state : in.member("checkpoints", json::value_t::array, "an array"))
    {
        const reader point(state, fmt::format("{}: checkpoint {}", file, ++number), wrong);
        made.checkpoints.push_back(
            {point.integer<unit_no>("unit"), point.integer<std::uint64_t>("steps"), point.wide("digest", 16)});
    }
    if (wrong.empty())
        for (const auto& line : run::wrong_in(made, fields))
            wrong.push_back(fmt::format("{}: {}", file, line));
    return made;
}

}  // namespace

std::string card_text(const run::record& recorded)
{
    const auto fields = fields_of(recorded);
    json card;
    card["bazaard_card"] = card_version;
    card["run"] = recorded.run;
    card["seed"] = std::to_string(recorded.seed);
    card["start"] = to_string(recorded.start);
    card["window"] = recorded.window;
    card["scenario"] = recorded.scenario;
    card["scenario_version"] = recorded.scenario_version;
    card["catalogue"] = hexadecimal(recorded.catalogue);
    if (!recorded.scenario_text.empty())
        card["scenario_text"] = recorded.scenario_text;
    card["settings"] = json::object();
    for (const auto& [name, value] : recorded.settings)
        card["settings"][name] = value;
    card["settled"] = recorded.settled;
    card["ended"] = recorded.clean;
    card["log"] = json::array();
    for (const auto& entry : recorded.log)
    {
        json one{{"unit", entry.unit}, {"kind", model::name(entry.what)}};
        if (entry.what == model::control::kind::set)
            one["field"] = fields[entry.field].name;
        if (const auto state = run::reject_code(entry.value);
            entry.what == model::control::kind::reject && !state.empty())
            one["sqlstate"] = state;
        one["value"] = entry.value;
        one["at"] = to_string(entry.at);
        card["log"].push_back(std::move(one));
    }
    card["checkpoints"] = json::array();
    for (const auto& state : recorded.checkpoints)
        card["checkpoints"].push_back(
            {{"unit", state.unit}, {"steps", state.steps}, {"digest", hexadecimal(state.digest)}});
    return io::json_text(card, 2) + '\n';
}

run::record read_card(const std::string& file)
{
    const auto bytes = io::read_small_file(file, "--card " + file, {.pipes = false});
    if (const auto problem = io::json_problem(bytes); !problem.empty())
        throw error(error_kind::data, fmt::format("{}: is no card: {}", file, problem));
    const auto card = io::read_json<json>(bytes);
    std::vector<std::string> wrong;
    if (!card.is_object())
        throw error(error_kind::data,
                    fmt::format("{}: is no card: it must be one JSON object, as bazaard card prints it", file));
    auto made = record_of(card, file, wrong);
    if (!wrong.empty())
        throw error(error_kind::data, std::move(wrong));
    return made;
}

run::record given_card(const settings& opts)
{
    auto card = read_card(opts.card);
    if (opts.is_given("run") && opts.run != card.run)
        throw error(error_kind::usage, fmt::format("--run {}: the card {} is of run {}, and its rows carry that name",
                                                   opts.run, opts.card, card.run));
    return card;
}

bool of_same_plan(const run::record& a, const run::record& b)
{
    const auto steps = [](const run::record& r)
    {
        std::vector<std::tuple<unit_no, model::control::kind, std::uint16_t, std::int64_t>> all;
        for (const auto& entry : r.log)
            if (run::steers(entry))
                all.emplace_back(entry.unit, entry.what, entry.field, entry.value);
        return all;
    };
    const auto settings = [](const run::record& r)
    {
        auto sorted = r.settings;
        std::ranges::sort(sorted);
        return sorted;
    };
    const auto steps_a = steps(a);
    const auto steps_b = steps(b);
    const auto common = static_cast<std::ptrdiff_t>(std::min(steps_a.size(), steps_b.size()));
    return a.run == b.run && a.seed == b.seed && a.start == b.start && a.window == b.window &&
           a.scenario == b.scenario && a.scenario_version == b.scenario_version && a.catalogue == b.catalogue &&
           a.scenario_text == b.scenario_text && settings(a) == settings(b) &&
           std::equal(steps_a.begin(), steps_a.begin() + common, steps_b.begin());
}

}  // namespace bazaar::daemon

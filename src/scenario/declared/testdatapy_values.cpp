#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"
#include "bazaar/scenario/declared/fake.hpp"
#include "shapes.hpp"
#include "testdatapy_keys.hpp"
#include "testdatapy_parts.hpp"
#include "value_parts.hpp"

// Fields that are made of others: faker's words, times, conditions, templates, references.

namespace bazaar::scenario::declared::theirs
{
namespace
{

/// The entity to which a relationship leads.
std::string leads_to(const node& relationships, std::string_view name)
{
    const auto references = text_in(relationships.find(name)->value, "references");
    return std::string(split_at_dot(references).first);
}

struct other_word
{
    std::string_view method;
    std::string_view ours;
};

/// Methods of faker that have another name here.
constexpr std::array<other_word, 5> other_words{{{"zipcode", "postcode"},
                                                 {"postalcode", "postcode"},
                                                 {"safe_email", "email"},
                                                 {"free_email", "email"},
                                                 {"ascii_email", "email"}}};

/// Those that are no word of a person.
constexpr std::array<std::string_view, 9> other_methods{"address", "bothify", "numerify",   "lexify",           "uuid4",
                                                        "pybool",  "boolean", "random_int", "date_time_between"};

std::vector<std::string_view> all_methods()
{
    const auto words = fake_word_names();
    std::vector<std::string_view> all(words.begin(), words.end());
    for (const auto& one : other_words)
        all.push_back(one.method);
    all.insert(all.end(), other_methods.begin(), other_methods.end());
    return all;
}

/// Days of "-1y", "+2d"; a month is 30 of them, a year 365, as theirs are.
std::optional<std::int64_t> days_apart(std::string_view text)
{
    if (text == "now" || text == "today")
        return 0;
    if (text.size() < 3 || (text.front() != '+' && text.front() != '-'))
        return std::nullopt;
    constexpr std::string_view units = "dwmy";
    constexpr std::array<std::int64_t, 4> days{1, 7, 30, 365};
    const auto unit = units.find(text.back());
    const auto count = integer_of(text.substr(1, text.size() - 2));
    if (unit == units.npos || !count || *count < 0 || *count > 3'650)
        return std::nullopt;
    return (text.front() == '-' ? -1 : 1) * *count * days[unit];
}

}  // namespace

node translator::faker(entity& of, const entry& one, const std::string& path)
{
    const auto* const said = one.value.find("method");
    const auto method = text_in(one.value, "method");
    const auto at = one.at;
    if (said == nullptr || method.empty())
        return scalar(at, "0");
    const auto only = [&](std::string_view key, bool goes, std::string_view with)
    {
        if (const auto* const there = one.value.find(key); there != nullptr && !goes)
            tell(there->at, path, fmt::format("\"{}\" does nothing here; it goes with \"method: {}\"", key, with));
    };
    const bool is_like = method == "bothify" || method == "numerify" || method == "lexify";
    only("text", is_like, "bothify");
    only("start_date", method == "date_time_between", "date_time_between");
    only("end_date", method == "date_time_between", "date_time_between");
    only("format", method == "date_time_between", "date_time_between");
    only("min", method == "random_int", "random_int");
    only("max", method == "random_int", "random_int");
    const auto words = fake_word_names();
    if (std::ranges::find(words, method) != words.end())
        return map_of(said->value.at, "fake", method);
    const auto other = std::ranges::find(other_words, method, &other_word::method);
    if (other != other_words.end())
        return map_of(said->value.at, "fake", std::string(other->ours));
    if (method == "address")
        return address(of, one);
    if (is_like)
        return like(one, path, method);
    if (method == "uuid4")
        return map_of(at, "pattern", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    if (method == "pybool" || method == "boolean")
        return map_of(at, "chance", "0.5");
    if (method == "random_int")
    {
        const auto low = integer_of(text_in(one.value, "min", "0"));
        const auto high = integer_of(text_in(one.value, "max", "9999"));
        if (low && high && *low > *high)
            tell(at, path, fmt::format("min {} is greater than max {}", *low, *high));
        return map_of(at, "int", fmt::format("{}..{}", low.value_or(0), high.value_or(9999)));
    }
    if (method == "date_time_between")
        return date_between(of, one, path);
    tell(said->value.at, path + ".method",
         fmt::format("\"{}\" is no method of faker that there are words for; {}", method,
                     near(method, all_methods(), 2)));
    return scalar(at, "0");
}

/// "??-###": a letter for each ?, a digit for each #.
node translator::like(const entry& one, const std::string& path, std::string_view method)
{
    const auto text = text_in(one.value, "text", method == "numerify" ? "###" : method == "lexify" ? "????" : "## ??");
    std::string made;
    for (const char c : text)
    {
        const bool digit = c == '#' && method != "lexify";
        const bool letter = c == '?' && method != "numerify";
        if (c < ' ' || c > '~')
            tell(one.value.find("text")->value.at, path + ".text", "letters of ASCII stand beside what is drawn");
        if (digit || letter)
            made += digit ? "[0-9]" : "[A-Za-z]";
        else
            made += (std::string_view("[]{}()|*+?.^$\\").find(c) == std::string_view::npos ? "" : "\\") +
                    std::string(1, c);
    }
    return map_of(one.at, "pattern", made);
}

/// Words of one person, so that street, postcode and city agree.
node translator::address(entity& of, const entry& one)
{
    std::string text;
    for (const auto* const word : {"street_address", "postcode", "city"})
    {
        const auto name = free_name(of, fmt::format("{}_{}", one.key, word));
        auto made = map_of(one.at, "fake", word);
        put(made, "set", one.at, is_name(one.key) ? one.key : std::string("other"));
        put(of.made_vars, name, one.at, std::move(made));
        text += fmt::format("{}{{{}}}",
                            text.empty()                                              ? ""
                            : text.ends_with('}') && std::string_view(word) == "city" ? " "
                                                                                      : ", ",
                            name);
    }
    return map_of(one.at, "text", text);
}

std::string translator::now_of(entity& of, mark at)
{
    if (of.moment.empty())
    {
        of.moment = free_name(of, "moment");
        put(of.made_vars, of.moment, at, map_of(at, "time", "now"));
    }
    return of.moment;
}

/// A time that is drawn around another one: `low` and `high` as "-30m" and "30m".
node translator::moved(mark at, const std::string& base, const std::string& low, const std::string& high)
{
    const bool from_before = low.starts_with('-');
    const bool to_before = high.starts_with('-');
    auto time = map_at(at);
    if (!from_before)
    {
        put(time, "after", at, "= " + base);
        put(time, "by", at, fmt::format("{}..{}", low, high));
    }
    else if (to_before || high == "0m" || high == "0d")
    {
        put(time, "before", at, "= " + base);
        put(time, "by", at, fmt::format("{}..{}", to_before ? high.substr(1) : high, low.substr(1)));
    }
    else
    {
        const char unit = high.back();
        const auto a = number_of(low.substr(1, low.size() - 2));
        const auto b = number_of(high.substr(0, high.size() - 1));
        const int scale = std::max<int>(a ? a->scale : 0, b ? b->scale : 0);
        const auto whole = (a ? units_of(*a, scale).value_or(0) : 0) + (b ? units_of(*b, scale).value_or(0) : 0);
        std::int64_t one = 1;
        for (int i = 0; i < scale; ++i)
            one *= 10;
        const auto sum = scale == 0 ? fmt::format("{}", whole)
                                    : fmt::format("{}.{:0{}}", whole / one, whole % one, scale);
        put(time, "after", at, fmt::format("= {} - {}", base, low.substr(1)));
        put(time, "by", at, fmt::format("0s..{}{}", sum, unit));
    }
    auto made = map_at(at);
    put(made, "time", at, std::move(time));
    return made;
}

node translator::date_between(entity& of, const entry& one, const std::string& path)
{
    const auto ends = [&](const char* key, const char* initial)
    {
        const auto text = text_in(one.value, key, initial);
        const auto days = days_apart(text);
        if (!days)
            tell(one.value.find(key)->value.at, fmt::format("{}.{}", path, key),
                 fmt::format("\"{}\" is no span from now; e.g. -1y, +2d, now", text));
        return days.value_or(0);
    };
    const auto low = ends("start_date", "-1y");
    const auto high = ends("end_date", "+1y");
    if (low > high)
        tell(one.at, path, "start_date is later than end_date");
    const auto moment = now_of(of, one.at);
    auto made = moved(one.at, moment, fmt::format("{}d", low), fmt::format("{}d", std::max(low, high)));
    if (text_in(one.value, "format") == "iso8601")
        put(made, "as", one.at, "iso8601");
    return made;
}

/// A time near now, or near that of the row that is referred to.
node translator::moment_millis(entity& of, const entry& one, const std::string& path)
{
    const auto& here = one.value;
    const auto* const near_to = here.find("relative_to_reference");
    const bool is_moved = !of.is_master || here.find("offset_minutes_min") != nullptr ||
                          here.find("offset_minutes_max") != nullptr;
    std::string base;
    if (near_to != nullptr)
    {
        std::string column;
        const auto own = path + ".relative_to_reference";
        const auto* const to = column_of(near_to->value.text, column, near_to->value.at, own);
        const auto link = std::ranges::find_if(
            of.links,
            [&](const auto& pair) { return to != nullptr && leads_to(*of.relationships, pair.first) == to->name; });
        if (to != nullptr && link == of.links.end())
            tell(near_to->value.at, own, fmt::format("no relationship of this record leads to {}", to->name));
        if (to == nullptr || link == of.links.end())
            return scalar(one.at, "0");
        base = fmt::format("{}.{}", link->second, column);
        if (of.relationships->find(link->first)->value.find("percentage") != nullptr)
            base = fmt::format("coalesce({}, {})", base, now_of(of, one.at));
    }
    auto made = map_of(one.at, "time", "now");
    if (is_moved || near_to != nullptr)
    {
        const auto low = text_in(here, "offset_minutes_min", "-30");
        const auto high = text_in(here, "offset_minutes_max", "30");
        const auto from = number_of(low);
        const auto to = number_of(high);
        if (from && to && compare(*from, *to) > 0)
            tell(one.at, path, "offset_minutes_min is greater than offset_minutes_max");
        if (!from || !to || compare(*from, *to) > 0)
            return made;
        made = moved(one.at, base.empty() ? now_of(of, one.at) : base, low + "m", high + "m");
    }
    put(made, "as", one.at, "millis");
    return made;
}

node translator::as_head(entity& of, node made, const std::string& name)
{
    if (made.is == shape::scalar)
    {
        const auto start = expression_start(made);
        return map_of(made.at, "is", "= " + (start == std::string::npos ? literal(made) : made.text.substr(start)));
    }
    if (made.find("when") == nullptr)
        return made;
    const auto var = free_name(of, name);
    const auto at = made.at;
    put(of.made_vars, var, at, std::move(made));
    return map_of(at, "is", "= " + var);
}

/// condition_field = condition_value: one of two fields.
node translator::conditional(entity& of, const entry& one, const std::string& path)
{
    const auto& here = one.value;
    const auto* const column = here.find("condition_field");
    const auto* const value = here.find("condition_value");
    const auto* const yes = here.find("when_true");
    const auto* const no = here.find("when_false");
    if (column == nullptr || value == nullptr || (yes == nullptr && no == nullptr))
    {
        tell(one.at, path, "a condition needs condition_field, condition_value, and when_true or when_false");
        return scalar(one.at, "0");
    }
    if (!is_own(of, column->value.text, column->value.at, path + ".condition_field"))
        return scalar(one.at, "0");
    bool truth = false;
    const bool is_word = !value->value.quoted && is_truth(value->value.text, truth) &&
                         (same_letters(value->value.text, "true") || same_letters(value->value.text, "false"));
    const auto condition = fmt::format("{} = {}", column->value.text,
                                       is_word ? (truth ? "true" : "false") : literal(value->value));
    const auto part = [&](const entry& of_it)
    {
        auto named = of_it;
        named.key = one.key;
        return field(of, named, place::part, fmt::format("{}.{}", path, of_it.key));
    };
    auto made = as_head(of, part(yes != nullptr ? *yes : *no), one.key + "_" + (yes != nullptr ? "true" : "false"));
    put(made, "when", column->at,
        yes != nullptr ? "= " + condition : fmt::format("= coalesce(not ({}), true)", condition));
    if (yes != nullptr && no != nullptr)
    {
        auto other = part(*no);
        put(made, "else", no->at, std::move(other));
    }
    return made;
}

/// conditions: [{if: "amount > 100", then: large}, {else: small}]
node translator::legacy_conditions(const entry& one, const std::string& path)
{
    const auto& all = one.value.find("conditions")->value;
    const auto own = path + ".conditions";
    node made = map_at(one.at);
    bool first = true;
    if (all.is != shape::list || all.items.empty())
        tell(all.at, own, "a list must stand here, as [{if: amount > 100, then: large}, {else: small}]");
    for (auto item = all.items.rbegin(); all.is == shape::list && item != all.items.rend(); ++item)
    {
        const auto* const condition = item->find("if");
        const auto* const then = item->find("then");
        const auto* const otherwise = item->find("else");
        const bool whole = condition != nullptr && then != nullptr && item->entries.size() == 2;
        if (!whole && (otherwise == nullptr || item->entries.size() != 1 || !first))
        {
            tell(item->at, own, "an item is {if: CONDITION, then: VALUE}, or the last one {else: VALUE}");
            return scalar(one.at, "0");
        }
        const auto& value = whole ? then->value : otherwise->value;
        auto next = map_of(value.at, "is", "= " + literal(value));
        if (whole)
        {
            put(next, "when", condition->at, scalar(condition->value.at, "= " + condition->value.text));
            if (!first)
                put(next, "else", condition->at, std::move(made));
        }
        made = std::move(next);
        first = false;
    }
    return first ? scalar(one.at, "0") : made;
}

/// "{brand}-{number}": other fields of the record, and fields of its own.
node translator::filled(entity& of, const entry& one, const std::string& path)
{
    const auto* const said = one.value.find("template");
    if (said == nullptr)
    {
        tell(one.at, path, "\"template\" is missing");
        return scalar(one.at, "0");
    }
    const auto* const fields = one.value.find("fields");
    std::map<std::string, std::string, std::less<>> names;
    for (const auto& part : fields == nullptr ? std::vector<entry>{} : fields->value.entries)
    {
        auto made = field(of, part, place::var, fmt::format("{}.fields.{}", path, part.key));
        const auto var = free_name(of, fmt::format("{}_{}", one.key, part.key));
        put(of.made_vars, var, part.at, std::move(made));
        names.emplace(part.key, var);
    }
    std::string text;
    std::string_view rest = said->value.text;
    for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{'))
    {
        const auto close = rest.find('}', open);
        if (close == rest.npos)
            break;
        const std::string name(rest.substr(open + 1, close - open - 1));
        const auto found = names.find(name);
        text += rest.substr(0, open);
        if (found == names.end())
            is_own(of, name, said->value.at, path + ".template");
        text += fmt::format("{{{}}}", found == names.end() ? name : found->second);
        rest.remove_prefix(close + 1);
    }
    return map_of(said->value.at, "text", text + doubled_braces(rest));
}

/// A field of another row, or of this one.
node translator::reference(entity& of, const entry& one, const std::string& path)
{
    const auto& here = one.value;
    const auto* const source = here.find("source");
    if (source == nullptr || source->value.is != shape::scalar)
        return scalar(one.at, "0");
    if (const auto* const format = here.find("format"))
        tell(format->at, path,
             "\"format\" of a reference is not known; take a calculated field with concat() and left()");
    const auto own = path + ".source";
    const auto [name, rest] = split_at_dot(source->value.text);
    const auto* const via = here.find("via");
    const bool is_moved = here.find("offset_minutes_min") != nullptr && here.find("offset_minutes_max") != nullptr;
    std::string value;
    if (name == "self")
    {
        value = std::string(rest);
        if (!is_own(of, value, source->value.at, own))
            return scalar(one.at, "0");
    }
    else
    {
        std::string column;
        const auto* const to = column_of(source->value.text, column, source->value.at, own);
        if (to == nullptr)
            return scalar(one.at, "0");
        const auto link = via != nullptr ? of.links.find(via->value.text) : of.links.end();
        const bool told = via != nullptr && of.relationships != nullptr &&
                          of.relationships->find(via->value.text) != nullptr;
        if (told && link == of.links.end())
            return scalar(one.at, "0");
        if (via != nullptr && link == of.links.end())
        {
            const auto known = of.relationships == nullptr ? std::vector<std::string_view>{}
                                                           : keys_in(*of.relationships);
            tell(via->value.at, path + ".via",
                 fmt::format("no relationship \"{}\"; {}", via->value.text,
                             known.empty() ? "there is none" : near(via->value.text, known)));
            return scalar(one.at, "0");
        }
        if (via != nullptr)
        {
            const auto found = leads_to(*of.relationships, via->value.text);
            if (found != to->name)
                tell(source->value.at, own, fmt::format("{} leads to {}, not to {}", via->value.text, found, to->name));
            value = fmt::format("{}.{}", link->second, column);
        }
        else
        {
            const auto made = free_name(of, one.key + "_row");
            put(of.made_links, made, one.at, map_of(one.at, "to", to->name));
            value = fmt::format("{}.{}", made, column);
            note(one.at, path, fmt::format("without via, it is that of any row of {}", to->name));
        }
    }
    if (!is_moved)
        return scalar(source->value.at, "= " + value);
    return moved(one.at, value, text_in(here, "offset_minutes_min") + "m", text_in(here, "offset_minutes_max") + "m");
}

}  // namespace bazaar::scenario::declared::theirs

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"
#include "testdatapy_keys.hpp"
#include "testdatapy_parts.hpp"
#include "value_parts.hpp"

// Fields: what makes their values.

namespace bazaar::scenario::declared::theirs
{
namespace
{

/// A constant: what looks like an expression or a template is none.
node constant(const node& value)
{
    const bool plain = !value.text.starts_with('=') && value.text.find('{') == value.text.npos;
    bool truth = false;
    if (!value.quoted && (same_letters(value.text, "true") || same_letters(value.text, "false")) &&
        is_truth(value.text, truth))
        return scalar(value.at, truth ? "true" : "false");
    return plain ? value : map_of(value.at, "is", "= " + quoted_text(value.text));
}

}  // namespace

bool translator::is_own(const entity& of, const std::string& name, mark at, const std::string& path)
{
    if (of.has(name))
        return true;
    tell(at, path, fmt::format("no field \"{}\"; {}", name, near(name, {of.names.begin(), of.names.end()})));
    return false;
}

node translator::field(entity& of, const entry& one, place in, const std::string& path)
{
    if (one.value.is != shape::map)
    {
        tell(one.value.at, path, "a map of keys must stand here, with a type");
        return scalar(one.at, "0");
    }
    const auto type = text_in(one.value, "type");
    const auto all = field_types();
    if (std::ranges::find(all, type) == all.end())
    {
        const auto* const said = one.value.find("type");
        if (said == nullptr)
            tell(one.at, path, "\"type\" is missing");
        else if (said->value.is != shape::scalar)
            tell(said->value.at, path + ".type",
                 fmt::format("a {} where one value must stand", said->value.is == shape::map ? "map" : "list"));
        else
            tell(said->value.at, path + ".type",
                 fmt::format("\"{}\" is no type of a field; {}", type, near(type, {all.begin(), all.end()})));
        return scalar(one.at, "0");
    }
    if (!check_block(one.value, type, path, to_))
        return scalar(one.at, "0");
    return of_type(of, one, type, in, path);
}

node translator::of_type(entity& of, const entry& one, std::string_view type, place in, const std::string& path)
{
    const auto at = one.at;
    if (type == "string")
        return text_field(of, one, in, path);
    if (type == "faker")
        return faker(of, one, path);
    if (type == "integer" || type == "float" || type == "random_float")
        return numbers(of, one, type == "integer", in, path);
    if (type == "choice" || type == "weighted_choice")
        return choice(one, type != "choice", path);
    if (type == "random_boolean")
        return map_of(at, "chance", text_in(one.value, "probability", "0.5"));
    if (type == "timestamp_millis")
        return moment_millis(of, one, path);
    if (type == "conditional")
        return one.value.find("conditions") != nullptr ? legacy_conditions(one, path) : conditional(of, one, path);
    if (type == "template")
        return filled(of, one, path);
    if (type == "reference")
        return reference(of, one, path);
    if (type == "object")
        return object(of, one, path);
    if (type == "uuid")
        return in == place::column && one.key == of.id
                   ? map_of(at, "uuid", "row")
                   : map_of(at, "pattern", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    if (type == "timestamp")
    {
        auto made = map_of(at, "time", "now");
        const auto format = text_in(one.value, "format", "iso8601");
        const std::vector<std::string_view> known{"iso8601", "unix", "epoch"};
        if (std::ranges::find(known, format) == known.end())
            tell(one.value.find("format")->value.at, path + ".format",
                 fmt::format("\"{}\" is no form of a time; {}", format, near(format, known)));
        if (in == place::column)
            put(made, "as", at, format == "iso8601" ? "iso8601" : "seconds");
        return made;
    }
    if (type == "boolean")
    {
        tell(at, path, "a boolean comes from a CSV file; one that is drawn is a random_boolean");
        return scalar(at, "true");
    }
    const auto* formula = one.value.find("formula");
    if (formula == nullptr)
        formula = one.value.find("expression");
    if (formula == nullptr)
    {
        tell(at, path, "\"formula\" is missing; an expression of fields, as \"round(amount * 0.19, 2)\"");
        return scalar(at, "0");
    }
    return scalar(formula->value.at, "= " + formula->value.text);
}

/// A string with a sequence, with letters that are drawn, or always the same.
node translator::text_field(entity& of, const entry& one, place in, const std::string& path)
{
    const auto& here = one.value;
    if (here.find("template") != nullptr)
        return filled(of, one, path);
    if (const auto* const fields = here.find("fields"))
        tell(fields->at, path, "\"fields\" does nothing here; it goes with \"template\"");
    if (const auto* const format = here.find("format"))
        return formatted(*format, in, path + ".format");
    for (const auto* const key : {"initial_value", "default"})
        if (const auto* const value = here.find(key))
            return constant(value->value);
    if (!of.is_master || in != place::column)
        return scalar(one.at, one.key + "_value");
    auto made = map_of(one.at, "sequence", one.key + "_{n}");
    put(made, "from", one.at, "0");
    return made;
}

node translator::formatted(const entry& format, place in, const std::string& path)
{
    const auto& text = format.value.text;
    const auto open = text.find('{');
    if (open == text.npos)
        return constant(format.value);
    const bool counts = text.compare(open, 4, "{seq") == 0 || text.compare(open, 6, "{index") == 0;
    if (!counts)
        return pattern(format, path);
    const auto close = text.find('}', open);
    const bool from_zero = text.compare(open, 6, "{index") == 0;
    const auto inside = close == text.npos ? std::string() : text.substr(open + 1, close - open - 1);
    const auto colon = inside.find(':');
    auto width = colon == inside.npos ? std::string() : inside.substr(colon + 1);
    const auto name = inside.substr(0, colon);
    const bool bare = from_zero && colon == inside.npos;
    if (width.ends_with('d'))
        width.pop_back();
    else
        width.clear();
    const auto digits = integer_of(width);
    if ((name != "seq" && name != "index") || (!bare && (!digits || *digits < 1 || *digits > 18)) ||
        text.find_first_of("{}", close + 1) != text.npos)
    {
        tell(format.value.at, path,
             fmt::format("\"{}\" is no format; one {{seq:04d}}, of 1 to 18 digits, and nothing else in braces", text));
        return scalar(format.at, "0");
    }
    if (in != place::column)
    {
        tell(format.value.at, path, "only a field of a record counts rows, not a part of one");
        return scalar(format.at, "0");
    }
    auto made = map_of(format.value.at, "sequence",
                       fmt::format("{}{}{}", text.substr(0, open),
                                   bare ? std::string("{n}") : fmt::format("{{n:0{}}}", *digits),
                                   text.substr(close + 1)));
    if (from_zero)
        put(made, "from", format.value.at, "0");
    return made;
}

/// "{random_letters:2}-{random_digits:3}"
node translator::pattern(const entry& format, const std::string& path)
{
    std::string made;
    std::string_view rest = format.value.text;
    while (!rest.empty())
    {
        const auto close = rest.find('}');
        if (rest.front() == '{' && close != rest.npos)
        {
            const auto inside = rest.substr(1, close - 1);
            const auto colon = inside.find(':');
            const auto count = colon == inside.npos ? 0 : integer_of(inside.substr(colon + 1)).value_or(0);
            const auto name = inside.substr(0, colon);
            if ((name != "random_letters" && name != "random_digits") || count < 1 || count > 64)
            {
                const std::vector<std::string_view> known{"seq:04d", "index", "random_letters:3", "random_digits:3"};
                tell(format.value.at, path,
                     fmt::format("\"{{{}}}\" is nothing that is filled in; {}", inside, near(inside, known)));
                break;
            }
            made += fmt::format("{}{{{}}}", name == "random_letters" ? "[A-Z]" : "[0-9]", count);
            rest.remove_prefix(close + 1);
            continue;
        }
        if (rest.front() < ' ' || rest.front() > '~' || rest.front() == '{')
        {
            tell(format.value.at, path, "letters of ASCII stand beside what is drawn");
            break;
        }
        if (std::string_view("[]{}()|*+?.^$\\").find(rest.front()) != std::string_view::npos)
            made += '\\';
        made += rest.front();
        rest.remove_prefix(1);
    }
    return map_of(format.value.at, "pattern", made.empty() ? "0" : made);
}

node translator::numbers(const entity& of, const entry& one, bool whole, place in, const std::string& path)
{
    const auto& here = one.value;
    const auto low = text_in(here, "min", "0");
    const auto high = text_in(here, "max", of.is_master ? "1000" : "100");
    const auto from = number_of(low);
    const auto to = number_of(high);
    if (from && to && compare(*from, *to) > 0)
        tell(one.at, path, fmt::format("min {} is greater than max {}", low, high));
    if (!from || !to)
        return scalar(one.at, "0");
    if (whole)
        return map_of(one.at, "int", fmt::format("{}..{}", low, high));
    // Theirs are rounded to two digits.
    const auto with_digits = [](const std::string& text, const exact_number& number) {
        return text + (number.scale == 0 ? (text.ends_with('.') ? "00" : ".00") : number.scale == 1 ? "0" : "");
    };
    auto made = map_of(one.at, "decimal", fmt::format("{}..{}", with_digits(low, *from), with_digits(high, *to)));
    if (in == place::column)
    {
        put(made, "protobuf", one.at, map_of(one.at, "type", "double"));
        put(made, "avro", one.at, map_of(one.at, "type", "double"));
    }
    return made;
}

node translator::choice(const entry& one, bool weighted, const std::string& path)
{
    const auto* const words = one.value.find("choices");
    const auto* const weights = one.value.find("weights");
    if (words == nullptr || words->value.is != shape::list)
        return scalar(one.at, "0");
    auto made = map_at(one.at);
    if (!weighted)
    {
        auto list = words->value;
        for (auto& item : list.items)
        {
            const bool braces = item.text.find_first_of("{}") != item.text.npos;
            if (braces)
                item = scalar(item.at, doubled_braces(item.text));
        }
        put(made, "choice", words->at, std::move(list));
        return made;
    }
    if (weights == nullptr || weights->value.is != shape::list)
        return scalar(one.at, "0");
    const auto& all = weights->value.items;
    if (all.size() != words->value.items.size())
        tell(weights->at, path,
             fmt::format("{} weights for {} choices; each has one", all.size(), words->value.items.size()));
    auto map = map_at(words->at);
    for (std::size_t i = 0; i < std::min(all.size(), words->value.items.size()); ++i)
    {
        const auto& word = words->value.items[i];
        const auto read = number_of(all[i].text);
        if (!read || read->value < 0)
            tell(all[i].at, path + ".weights", fmt::format("\"{}\" is no weight; a number from 0", all[i].text));
        if (map.find(word.text) != nullptr)
            tell(word.at, path + ".choices", fmt::format("\"{}\" stands twice", word.text));
        else
            put(map, doubled_braces(word.text), word.at, all[i]);
    }
    put(made, "choice", words->at, std::move(map));
    return made;
}

node translator::object(entity& of, const entry& one, const std::string& path)
{
    auto parts = map_at(one.at);
    const auto* const all = one.value.find("properties");
    for (const auto& part : all == nullptr ? std::vector<entry>{} : all->value.entries)
        put(parts, part.key, part.at, field(of, part, place::part, fmt::format("{}.properties.{}", path, part.key)));
    auto made = map_at(one.at);
    put(made, "object", one.at, std::move(parts));
    return made;
}

/// A column of the CSV file. Its types are those that the file's cells have.
node translator::from_csv(const entity& of, const entry& one, const std::string& path)
{
    const auto type = text_in(one.value, "type", "string");
    const auto all = field_types();
    const auto* const said = one.value.find("type");
    if (one.value.is != shape::map)
        tell(one.value.at, path, "a map of keys must stand here, with a type");
    else if (std::ranges::find(all, type) == all.end())
        tell(said->value.at, path + ".type",
             fmt::format("\"{}\" is no type of a field; {}", type, near(type, {all.begin(), all.end()})));
    else
        check_block(one.value, type, path, to_);
    return scalar(one.at, fmt::format("= {}_file.{}", of.name, one.key));
}

}  // namespace bazaar::scenario::declared::theirs

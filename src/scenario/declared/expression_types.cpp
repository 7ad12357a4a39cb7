#include "expression_types.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::size_t any_number = 99;

struct function_row
{
    std::string_view word;
    function what;
    std::size_t least;
    std::size_t most;
};

constexpr std::array<function_row, 17> functions{{
    {"if", function::choose, 3, 3},
    {"round", function::round, 1, 2},
    {"floor", function::floor, 1, 1},
    {"abs", function::absolute, 1, 1},
    {"min", function::least, 2, any_number},
    {"max", function::greatest, 2, any_number},
    {"length", function::length, 1, 1},
    {"lower", function::lower, 1, 1},
    {"upper", function::upper, 1, 1},
    {"ascii", function::ascii, 1, 1},
    {"left", function::left, 2, 2},
    {"concat", function::concat, 1, any_number},
    {"date", function::date, 1, 1},
    {"hour", function::hour, 1, 1},
    {"weekday", function::weekday, 1, 1},
    {"before", function::before, 1, 1},
    {"coalesce", function::coalesce, 2, any_number},
}};

const function_row* find_function(std::string_view word)
{
    const auto found = std::ranges::find(functions, word, &function_row::word);
    return found == functions.end() ? nullptr : &*found;
}

std::string list_of(const std::vector<std::string_view>& words)
{
    std::string all;
    for (const auto word : words)
        all += (all.empty() ? "" : ", ") + std::string(word);
    return all;
}

constexpr value_type whole_number{kind::decimal, 0};
constexpr value_type truth{kind::boolean, 0};

class checker
{
public:
    checker(terms& all, std::span<const known_name> names, std::vector<fault>& to) : all_(all), names_(names), to_(to)
    {
    }

    void check(term& one);

private:
    [[nodiscard]] term& part(const term& of, std::size_t i) { return all_[of.parts[i]]; }

    void tell(std::size_t at, std::string what) { to_.push_back({at, std::move(what)}); }

    static void is_of(term& one, value_type type)
    {
        one.type = type;
        one.known = true;
    }

    /// False, and told, when a part is of another kind. One of which nothing is known has been told of.
    bool need(const term& of, std::size_t i, kind wanted, std::string_view where)
    {
        const auto& it = part(of, i);
        if (!it.known || it.type.is == wanted)
            return it.known;
        tell(it.at, fmt::format("{} takes a {}, not a {}", where, name(wanted), name(it.type.is)));
        return false;
    }

    [[nodiscard]] bool all_known(const term& one)
    {
        return std::ranges::all_of(one.parts, [&](std::size_t i) { return all_[i].known; });
    }

    void name_type(term& one, const term& named, const known_name* found);
    void binary(term& one);
    void arithmetic(term& one);
    void call(term& one);
    void call_of(term& one, function what);
    void rounded(term& one);
    void alike(term& one, std::size_t first, std::string_view where, bool has_order);

    terms& all_;
    std::span<const known_name> names_;
    std::vector<fault>& to_;
};

/// What is told of a name that is not there.
std::string unknown_name(std::string_view wanted, std::span<const known_name> names)
{
    const auto dot = wanted.find('.');
    const auto before_dot = [](std::string_view text) { return text.substr(0, text.find('.')); };
    std::vector<std::string_view> links, columns, others;
    for (const auto& one : names)
    {
        const std::string_view text = one.name;
        if (text.find('(') != text.npos)
            continue;
        if (text.find('.') == text.npos)
            others.push_back(text);
        else if (std::ranges::find(links, before_dot(text)) == links.end())
            links.push_back(before_dot(text));
        if (dot != wanted.npos && text.starts_with(wanted.substr(0, dot + 1)))
            columns.push_back(text.substr(dot + 1));
    }
    if (dot == wanted.npos)
    {
        const auto minus = wanted.find('-');
        const auto is_other = [&](std::string_view word) { return std::ranges::find(others, word) != others.end(); };
        if (minus != wanted.npos && is_other(wanted.substr(0, minus)))
            return fmt::format("no name \"{}\"; a minus has blanks around it", wanted);
        return others.empty() ? fmt::format("no name \"{}\"; there is none here", wanted)
                              : fmt::format("no name \"{}\"; near: {}", wanted, list_of(nearest(wanted, others, 2)));
    }
    const auto link = wanted.substr(0, dot);
    if (!columns.empty())
        return fmt::format("{}: no column; near: {}", wanted, list_of(nearest(wanted.substr(dot + 1), columns, 1)));
    return links.empty() ? fmt::format("\"{}\": no link \"{}\"; there is none here", wanted, link)
                         : fmt::format("\"{}\": no link \"{}\"; links: {}", wanted, link, list_of(links));
}

void checker::name_type(term& one, const term& named, const known_name* found)
{
    if (found != nullptr)
        is_of(one, found->type);
    else if (one.is == term_form::name)
        tell(named.at, unknown_name(named.text, names_));
    else
        tell(named.at, fmt::format("before({}): takes a counter that this unit changes, as link.counter", named.text));
}

/// Parts from `first` on must be of one kind, the scale of the longest of which is that of the whole.
void checker::alike(term& one, std::size_t first, std::string_view where, bool has_order)
{
    value_type common;
    const term* like = nullptr;
    for (auto i = first; i < one.parts.size(); ++i)
    {
        const auto& it = part(one, i);
        if (!it.known)
            return;
        if (like != nullptr && it.type.is != common.is)
            return tell(it.at, fmt::format("{}: a {} and a {}; all must be of one kind", where, name(common.is),
                                           name(it.type.is)));
        if (has_order && it.type.is == kind::boolean)
            return tell(it.at, fmt::format("{}: a boolean is neither small nor great", where));
        like = &it;
        common = {it.type.is, std::max(common.scale, it.type.scale)};
    }
    is_of(one, common);
}

/// Why two kinds do not go together.
std::string_view why_not(binary_operator what, kind a, kind b)
{
    const auto are = [&](kind one, kind other) { return (a == one && b == other) || (a == other && b == one); };
    if (a == kind::text || b == kind::text)
        return what == binary_operator::add ? "texts are put together by concat()" : "no arithmetic with texts";
    if (a == kind::boolean || b == kind::boolean)
        return "no arithmetic with booleans; take if()";
    if (are(kind::decimal, kind::duration) && (what == binary_operator::add || what == binary_operator::subtract))
        return "a number and a span of time do not add";
    if (are(kind::decimal, kind::time))
        return "a moment takes a span of time, as 60s";
    if (a == kind::date || b == kind::date)
        return "no arithmetic with dates; take date() of a time";
    return "these do not go together";
}

void checker::arithmetic(term& one)
{
    const auto a = part(one, 0).type;
    const auto b = part(one, 1).type;
    const bool numbers = a.is == kind::decimal && b.is == kind::decimal;
    const auto both = [&](kind x, kind y) { return a.is == x && b.is == y; };
    const auto longer = std::max(a.scale, b.scale);
    const auto type = [&]() -> std::optional<value_type>
    {
        switch (one.which)
        {
        case binary_operator::add:
            if (numbers)
                return value_type{kind::decimal, longer};
            if (both(kind::time, kind::duration) || both(kind::duration, kind::time))
                return value_type{kind::time};
            return both(kind::duration, kind::duration) ? std::optional(value_type{kind::duration}) : std::nullopt;
        case binary_operator::subtract:
            if (numbers)
                return value_type{kind::decimal, longer};
            if (both(kind::time, kind::time) || both(kind::duration, kind::duration))
                return value_type{kind::duration};
            return both(kind::time, kind::duration) ? std::optional(value_type{kind::time}) : std::nullopt;
        case binary_operator::multiply:
            if (numbers)
                return value_type{kind::decimal, static_cast<std::uint8_t>(a.scale + b.scale)};
            return both(kind::decimal, kind::duration) || both(kind::duration, kind::decimal)
                       ? std::optional(value_type{kind::duration})
                       : std::nullopt;
        case binary_operator::divide:
            if (numbers || both(kind::duration, kind::duration))
                return value_type{kind::decimal, std::max<std::uint8_t>(longer, quotient_scale)};
            return both(kind::duration, kind::decimal) ? std::optional(value_type{kind::duration}) : std::nullopt;
        case binary_operator::remainder:
            if (numbers)
                return value_type{kind::decimal, longer};
            return both(kind::duration, kind::duration) ? std::optional(value_type{kind::duration}) : std::nullopt;
        default:
            return std::nullopt;
        }
    }();
    if (!type)
        return tell(one.at, fmt::format("{} {} {}: {}", name(a.is), name(one.which), name(b.is),
                                        why_not(one.which, a.is, b.is)));
    if (type->scale > scale_max)
        return tell(one.at, fmt::format("a product of {} digits behind the point; round() its factors to {} in all",
                                        type->scale, scale_max));
    is_of(one, *type);
}

void checker::binary(term& one)
{
    if (one.which == binary_operator::both || one.which == binary_operator::either)
    {
        for (const std::size_t i : {0U, 1U})
            need(one, i, kind::boolean, name(one.which));
        return is_of(one, truth);
    }
    if (!all_known(one))
        return;
    if (one.which < binary_operator::equal)
        return arithmetic(one);
    const auto a = part(one, 0).type.is;
    const auto b = part(one, 1).type.is;
    if (a != b)
        tell(one.at, fmt::format("{} {} {}: only what is of one kind compares", name(a), name(one.which), name(b)));
    else if (a == kind::boolean && one.which > binary_operator::unequal)
        tell(one.at, fmt::format("boolean {} boolean: a boolean is neither small nor great", name(one.which)));
    is_of(one, truth);
}

void checker::rounded(term& one)
{
    const bool number = need(one, 0, kind::decimal, "round");
    std::uint8_t scale = 0;
    if (one.parts.size() == 2)
    {
        const auto& digits = part(one, 1);
        if (digits.is != term_form::number || digits.scale != 0 || digits.number > scale_max)
            return tell(digits.at,
                        fmt::format("round: how many digits must stand there as a number from 0 to {}", scale_max));
        scale = static_cast<std::uint8_t>(digits.number);
    }
    if (number)
        is_of(one, {kind::decimal, scale});
}

void checker::call_of(term& one, function what)
{
    const std::string_view word = one.text;
    switch (what)
    {
    case function::choose:
        need(one, 0, kind::boolean, word);
        return alike(one, 1, word, false);
    case function::round:
        return rounded(one);
    case function::floor:
        return need(one, 0, kind::decimal, word) ? is_of(one, whole_number) : void();
    case function::absolute:
        if (part(one, 0).known && part(one, 0).type.is == kind::duration)
            return is_of(one, part(one, 0).type);
        return need(one, 0, kind::decimal, word) ? is_of(one, part(one, 0).type) : void();
    case function::least:
    case function::greatest:
        return alike(one, 0, word, true);
    case function::coalesce:
        return alike(one, 0, word, false);
    case function::length:
        need(one, 0, kind::text, word);
        return is_of(one, whole_number);
    case function::lower:
    case function::upper:
    case function::ascii:
        need(one, 0, kind::text, word);
        return is_of(one, {kind::text});
    case function::left:
        need(one, 0, kind::text, word);
        if (need(one, 1, kind::decimal, word) && part(one, 1).type.scale != 0)
            tell(part(one, 1).at, "left: how many characters must be a whole number; take round() or floor()");
        return is_of(one, {kind::text});
    case function::concat:
        return is_of(one, {kind::text});
    case function::date:
        need(one, 0, kind::time, word);
        return is_of(one, {kind::date});
    case function::hour:
        need(one, 0, kind::time, word);
        return is_of(one, whole_number);
    case function::weekday:
        need(one, 0, kind::time, word);
        return is_of(one, {kind::text});
    case function::before:
        return name_type(one, part(one, 0), find_name(all_, one, names_));
    }
}

void checker::call(term& one)
{
    const auto* const found = find_function(one.text);
    if (found == nullptr)
    {
        std::vector<std::string_view> words;
        for (const auto& row : functions)
            words.push_back(row.word);
        return tell(one.at,
                    fmt::format("no function \"{}\"; near: {}", one.text, list_of(nearest(one.text, words, 2))));
    }
    const auto count = one.parts.size();
    if (count < found->least || count > found->most)
        return tell(one.at,
                    found->most == any_number
                        ? fmt::format("{} takes {} values or more, not {}", one.text, found->least, count)
                    : found->least == found->most
                        ? fmt::format("{} takes {} value{}, not {}", one.text, found->least,
                                      found->least == 1 ? "" : "s", count)
                        : fmt::format("{} takes {} or {} values, not {}", one.text, found->least, found->most, count));
    call_of(one, found->what);
}

void checker::check(term& one)
{
    switch (one.is)
    {
    case term_form::number:
        return is_of(one, {kind::decimal, one.scale});
    case term_form::duration:
        return is_of(one, {kind::duration});
    case term_form::text:
    case term_form::joined:
        return is_of(one, {kind::text});
    case term_form::truth:
        return is_of(one, truth);
    case term_form::name:
        return name_type(one, one, find_name(all_, one, names_));
    case term_form::inverse:
        need(one, 0, kind::boolean, "not");
        return is_of(one, truth);
    case term_form::negative:
        if (part(one, 0).known && part(one, 0).type.is == kind::duration)
            return is_of(one, part(one, 0).type);
        return need(one, 0, kind::decimal, "-") ? is_of(one, part(one, 0).type) : void();
    case term_form::binary:
        return binary(one);
    case term_form::among:
        alike(one, 0, "in", false);
        return is_of(one, truth);
    case term_form::call:
        return call(one);
    }
}

}  // namespace

function function_of(std::string_view word) noexcept
{
    const auto* const found = find_function(word);
    return found == nullptr ? function::choose : found->what;
}

const known_name* find_name(const terms& all, const term& one, std::span<const known_name> names)
{
    const bool before = one.is == term_form::call;
    const auto& named = before ? all[one.parts.front()] : one;
    if (named.is != term_form::name)
        return nullptr;
    const auto wanted = before ? fmt::format("before({})", named.text) : named.text;
    const auto found = std::ranges::find(names, wanted, &known_name::name);
    return found == names.end() ? nullptr : &*found;
}

void check_types(terms& all, std::span<const known_name> names, std::vector<fault>& to)
{
    checker check(all, names, to);
    // The part of `before` is no value by itself.
    std::vector<bool> is_value(all.size(), true);
    for (const auto& one : all)
        if (one.is == term_form::call && one.text == "before")
            for (const auto part : one.parts)
                is_value[part] = false;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (is_value[i])
            check.check(all[i]);
}

std::string_view name(kind what) noexcept
{
    constexpr std::array<std::string_view, 6> words{"boolean", "decimal", "text", "time", "date", "duration"};
    return words[static_cast<std::size_t>(what)];
}

}  // namespace bazaar::scenario::declared

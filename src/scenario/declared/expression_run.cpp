#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "expression_code.hpp"
#include "expression_syntax.hpp"
#include "letters.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::array<std::string_view, 7> weekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

constexpr std::int64_t day_of(std::int64_t us)
{
    return us / day_us - (us % day_us < 0 ? 1 : 0);
}

/// A text of a value that has one of its own.
using short_text = std::array<char, 48>;

template <typename... Values>
std::string_view written(short_text& into, fmt::format_string<Values...> form, Values&&... values)
{
    const auto end = fmt::format_to_n(into.data(), into.size(), form, std::forward<Values>(values)...).out;
    return {into.data(), static_cast<std::size_t>(end - into.data())};
}

/// "2026-01-31" or, with the time of day, "2026-01-31T23:59:59.123456Z"; as `to_string(time)`, but without a string.
std::string_view date_text(std::int64_t us, bool with_time, short_text& into)
{
    constexpr std::int64_t days_most =
        2'900'000;  // To year 9909; a time beyond is nobody's, and its distance says enough.
    const auto day = day_of(us);
    if (day > days_most || day < -719'162)
        return written(into, "{} us from 1970", us);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    const int year = static_cast<int>(date.year());
    const auto month = static_cast<unsigned>(date.month());
    const auto month_day = static_cast<unsigned>(date.day());
    if (!with_time)
        return written(into, "{:04}-{:02}-{:02}", year, month, month_day);
    const auto rest = us - day * day_us;
    const auto seconds = rest / 1'000'000;
    return written(into, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", year, month, month_day, seconds / 3'600,
                   seconds / 60 % 60, seconds % 60, rest % 1'000'000);
}

/// "90s", "1.5s", "14d": in the largest unit of which it is a whole number, else in seconds.
std::string_view duration_text(std::int64_t us, short_text& into)
{
    struct unit
    {
        std::int64_t us;
        std::string_view suffix;
    };
    for (const auto& [size, suffix] :
         {unit{day_us, "d"}, unit{day_us / 24, "h"}, unit{60'000'000, "m"}, unit{1'000'000, "s"}})
        if (us % size == 0 && (us != 0 || size == 1'000'000))
            return written(into, "{}{}", us / size, suffix);
    exact::text_buffer buffer{};
    auto text = exact::to_text(us, 6, buffer);
    while (text.ends_with('0'))
        text.remove_suffix(1);
    return written(into, "{}s", text);
}

class machine
{
public:
    machine(const code_view& what, std::span<const operand> values, workspace& with)
        : what_(what), values_(values), with_(with), top_(with.stack.data())
    {
    }

    outcome run(std::size_t begin);

private:
    using operation = expression::operation;

    void push(const operand& one) { *top_++ = one; }
    operand& top() { return top_[-1]; }
    void fail(trouble why) { failed_ = why; }

    [[nodiscard]] bool is_true() { return !top().missing && top().number != 0; }

    /// Takes `count` and leaves them where they are; the first of them is where the result goes. True if none of them is missing, else the
    /// result is.
    bool take(std::size_t count)
    {
        top_ -= count - 1;
        const bool missing = std::any_of(top_ - 1, top_ + count - 1, [](const operand& one) { return one.missing; });
        if (missing)
            top() = {.missing = true};
        return !missing;
    }

    void set(const std::optional<exact::integer>& number)
    {
        if (!number)
            return fail(trouble::too_large);
        top() = {.number = *number};
    }
    void set(std::string_view text) { top() = {.text = text}; }
    void set_new(std::string_view text) { set(with_.texts.keep(text)); }

    bool load(const operation& one, std::size_t& at);
    bool logic(const operation& one);
    bool arithmetic(const operation& one);
    bool choice(const operation& one);
    void words(const operation& one);
    void divide(const operation& one);
    void concat(std::size_t count);
    void change(letter_change how);
    void to_text(kind what, int scale);
    void clock(op_code what);

    code_view what_;
    std::span<const operand> values_;
    workspace& with_;
    operand* top_;
    trouble failed_ = trouble::none;
};

/// Values and jumps; false for all others.
bool machine::load(const operation& one, std::size_t& at)
{
    const auto jump_if = [&](bool yes) { at = yes ? one.count : at + 1; };
    switch (one.code)
    {
    case op_code::number:
        push({.number = what_.numbers[one.count]});
        break;
    case op_code::words:
        push({.text = what_.texts[one.count]});
        break;
    case op_code::slot:
        push(values_[one.count]);
        break;
    case op_code::drop:
        --top_;
        break;
    case op_code::jump:
        jump_if(true);
        return true;
    case op_code::jump_unless:
        jump_if(!is_true());
        --top_;
        return true;
    case op_code::jump_if_false:
        jump_if(!top().missing && top().number == 0);
        return true;
    case op_code::jump_if_true:
        jump_if(is_true());
        return true;
    case op_code::jump_if_there:
        jump_if(!top().missing);
        return true;
    default:
        return false;
    }
    ++at;
    return true;
}

bool machine::logic(const operation& one)
{
    switch (one.code)
    {
    case op_code::both:
    case op_code::either:
    {
        // The value that decides alone, whatever the other side is.
        const exact::integer decides = one.code == op_code::both ? 0 : 1;
        const auto right = *--top_;
        const bool decided = (!right.missing && right.number == decides) || (!top().missing && top().number == decides);
        const bool missing = right.missing || top().missing;
        top() = decided ? operand{.number = decides} : operand{.number = 1 - decides, .missing = missing};
        return true;
    }
    case op_code::inverse:
        if (take(1))
            set(1 - top().number);
        return true;
    default:
        return false;
    }
}

void machine::divide(const operation& one)
{
    if (!take(2))
        return;
    if (top_->number == 0)
        return fail(trouble::divided_by_zero);
    set(one.code == op_code::divide ? exact::quotient(top().number, top_->number, one.count)
                                    : std::optional(top().number % top_->number));
}

bool machine::arithmetic(const operation& one)
{
    switch (one.code)
    {
    case op_code::rescale:
        if (take(1))
            set(exact::rescaled(top().number, one.scale, one.count));
        return true;
    case op_code::negate:
        if (take(1))
            set(-top().number);
        return true;
    case op_code::absolute:
        if (take(1))
            set(top().number < 0 ? -top().number : top().number);
        return true;
    case op_code::floor:
        if (take(1))
            set(exact::floor(top().number, one.scale));
        return true;
    case op_code::add:
        if (take(2))
            set(exact::sum(top().number, top_->number));
        return true;
    case op_code::subtract:
        if (take(2))
            set(exact::sum(top().number, -top_->number));
        return true;
    case op_code::multiply:
        if (take(2))
            set(exact::product(top().number, top_->number));
        return true;
    case op_code::divide:
    case op_code::remainder:
        divide(one);
        return true;
    case op_code::within_64_bits:
    {
        using limits = std::numeric_limits<std::int64_t>;
        if (!top().missing && (top().number < limits::min() || top().number > limits::max()))
            fail(trouble::too_large);
        return true;
    }
    default:
        return false;
    }
}

bool holds(binary_operator what, int order)
{
    switch (what)
    {
    case binary_operator::equal:
        return order == 0;
    case binary_operator::unequal:
        return order != 0;
    case binary_operator::less:
        return order < 0;
    case binary_operator::at_most:
        return order <= 0;
    case binary_operator::greater:
        return order > 0;
    default:
        return order >= 0;
    }
}

int order_of(const operand& a, const operand& b, bool texts)
{
    if (texts)
        return a.text.compare(b.text);
    return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
}

bool machine::choice(const operation& one)
{
    const bool texts = (one.scale & 1) != 0;
    switch (one.code)
    {
    case op_code::compare:
        if (take(2))
            set(holds(static_cast<binary_operator>(one.count), order_of(top(), *top_, texts)) ? 1 : 0);
        return true;
    case op_code::among:
    {
        const auto count = std::size_t{one.count};
        top_ -= count;
        const auto& wanted = top();
        const auto rest = std::span(top_, count);
        const auto is_wanted = [&](const operand& it) { return !it.missing && order_of(it, wanted, texts) == 0; };
        const bool found = !wanted.missing && std::ranges::any_of(rest, is_wanted);
        const bool unsure = wanted.missing || (!found && std::ranges::any_of(rest, &operand::missing));
        top() = {.number = found ? 1 : 0, .missing = unsure};
        return true;
    }
    case op_code::pick:
        if (take(one.count))
        {
            const bool greatest = (one.scale & 2) != 0;
            for (const auto& it : std::span(top_, one.count - 1U))
                if (greatest ? order_of(it, top(), texts) > 0 : order_of(it, top(), texts) < 0)
                    top() = it;
        }
        return true;
    default:
        return false;
    }
}

void machine::concat(std::size_t count)
{
    if (!take(count))
        return;
    const auto parts = std::span(top_ - 1, count);
    std::size_t size = 0;
    for (const auto& part : parts)
        size += part.text.size();
    if (size > text_max)
        return fail(trouble::text_too_long);
    auto* const begin = reinterpret_cast<char*>(with_.texts.allocate(size));
    auto* end = begin;
    for (const auto& part : parts)
        end = std::ranges::copy(part.text, end).out;
    set(std::string_view(begin, size));
}

void machine::change(letter_change how)
{
    if (!take(1))
        return;
    const auto text = top().text;
    auto* const into = reinterpret_cast<char*>(with_.texts.allocate(text.size()));
    set(std::string_view(into, changed(text, how, into)));
}

void machine::to_text(kind what, int scale)
{
    if (!take(1))
        return;
    exact::text_buffer digits{};
    short_text letters{};
    const auto number = top().number;
    switch (what)
    {
    case kind::text:
        return;
    case kind::boolean:
        return set(number != 0 ? "true" : "false");
    case kind::decimal:
        return set_new(exact::to_text(number, scale, digits));
    case kind::time:
        return set_new(date_text(static_cast<std::int64_t>(number), true, letters));
    case kind::date:
        return set_new(
            date_text(static_cast<std::int64_t>(std::clamp<exact::integer>(number, -100'000'000, 100'000'000)) * day_us,
                      false, letters));
    case kind::duration:
        return set_new(duration_text(static_cast<std::int64_t>(number), letters));
    }
}

void machine::clock(op_code what)
{
    if (!take(1))
        return;
    // Where an offset would lead out of 64 bits, the year says enough.
    constexpr exact::integer far = std::numeric_limits<std::int64_t>::max() - 20 * day_us;
    const auto us = static_cast<std::int64_t>(std::clamp<exact::integer>(top().number, -far, far));
    const auto local = with_.zone.local(bazaar::time{us});
    const auto day = day_of(local);
    if (what == op_code::date)
        return set(day);
    if (what == op_code::hour)
        return set((local - day * day_us) / (day_us / 24));
    // The first day of 1970 was a Thursday.
    set(weekdays[static_cast<std::size_t>(((day + 3) % 7 + 7) % 7)]);
}

void machine::words(const operation& one)
{
    switch (one.code)
    {
    case op_code::length:
        if (take(1))
            set(static_cast<exact::integer>(length(top().text)));
        return;
    case op_code::left:
        if (take(2))
        {
            const auto count = std::clamp<exact::integer>(top_->number, 0, text_max);
            set(left(top().text, static_cast<std::size_t>(count)));
        }
        return;
    case op_code::change:
        return change(static_cast<letter_change>(one.count));
    case op_code::to_text:
        return to_text(static_cast<kind>(one.count), one.scale);
    case op_code::concat:
        return concat(one.count);
    default:
        return clock(one.code);
    }
}

outcome machine::run(std::size_t begin)
{
    for (auto at = begin; at < what_.code.size();)
    {
        const auto& one = what_.code[at];
        if (load(one, at))
            continue;
        if (!arithmetic(one) && !logic(one) && !choice(one))
            words(one);
        if (failed_ != trouble::none)
            return {{.missing = true}, failed_, one.at};
        ++at;
    }
    return {top()};
}

}  // namespace

outcome run(const code_view& what, std::size_t begin, std::span<const operand> values, workspace& with)
{
    return machine(what, values, with).run(begin);
}

outcome expression::evaluate(std::span<const operand> values, workspace& with) const
{
    expect(slots_.empty() || slots_.back() < values.size(), "an expression is given all of its values");
    return run({code_, numbers_, texts_}, 0, values, with);
}

}  // namespace bazaar::scenario::declared

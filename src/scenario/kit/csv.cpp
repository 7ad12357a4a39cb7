#include "bazaar/scenario/kit/csv.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"

namespace bazaar::scenario::kit
{
namespace
{

constexpr std::size_t problems_max = 20;

/// Bytes of the UTF-8 sequence that begins here; 0 when it is none (overlong forms and surrogates are none).
std::size_t sequence(std::string_view bytes, std::size_t at) noexcept
{
    const auto byte = [&](std::size_t i)
    { return at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U; };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80)
        return first == 0 ? 0 : 1;
    if (first >= 0xc2 && first < 0xe0)
        return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first < 0xf0)
    {
        if (!follows(1) || !follows(2) || (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0))
            return 0;
        return 3;
    }
    if (first >= 0xf0 && first < 0xf5)
    {
        if (!follows(1) || !follows(2) || !follows(3) || (first == 0xf0 && byte(1) < 0x90) ||
            (first == 0xf4 && byte(1) >= 0x90))
            return 0;
        return 4;
    }
    return 0;
}

}  // namespace

std::optional<std::size_t> utf8_error(std::string_view bytes) noexcept
{
    for (std::size_t at = 0; at < bytes.size();)
    {
        const auto length = sequence(bytes, at);
        if (length == 0)
            return at;
        at += length;
    }
    return std::nullopt;
}

csv::csv(std::string_view file, std::string_view bytes, std::vector<std::string_view> wanted,
         std::vector<std::string_view> optional)
    : file_(file), rest_(bytes), names_(std::move(wanted))
{
    const std::size_t needed = names_.size();
    names_.insert(names_.end(), optional.begin(), optional.end());
    places_.assign(names_.size(), npos);
    fields_.assign(names_.size(), {});
    if (rest_.starts_with("\xef\xbb\xbf"))
        rest_.remove_prefix(3);
    if (const auto bad = utf8_error(rest_))
    {
        const auto before = rest_.substr(0, *bad);
        line_ = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
        const auto start = before.rfind('\n');
        complain(*bad - (start == std::string_view::npos ? 0 : start + 1) + 1,
                 "is not UTF-8 here; save the file as UTF-8");
        rest_ = {};
        return;
    }
    line_ = 0;
    if (rest_.empty())
    {
        line_ = 1;
        complain(1, fmt::format("is empty; the header line \"{}\" should be here", fmt::join(names_, ",")));
        return;
    }
    const auto end = rest_.find('\n');
    auto header = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    line_ = 1;
    split(header);
    header_fields_ = row_.size();
    for (std::size_t i = 0; i < names_.size(); ++i)
    {
        const auto found = std::find(row_.begin(), row_.end(), names_[i]);
        if (found != row_.end())
            places_[i] = static_cast<std::size_t>(found - row_.begin());
        else if (i < needed)
            complain(1, fmt::format("has no column {}", names_[i]));
    }
    if (!problems_.empty())
        rest_ = {};
}

bool csv::next()
{
    while (!rest_.empty())
    {
        const auto end = rest_.find('\n');
        const auto line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        ++line_;
        if (!split(line))
            continue;
        if (row_.size() != header_fields_)
        {
            complain(columns_.back(), fmt::format("has {} fields; the header names {}", row_.size(), header_fields_));
            continue;
        }
        for (std::size_t i = 0; i < names_.size(); ++i)
            fields_[i] = places_[i] == npos ? std::string_view{} : row_[places_[i]];
        return true;
    }
    return false;
}

bool csv::split(std::string_view line)
{
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    row_.clear();
    columns_.clear();
    if (line.empty())
        return false;
    std::size_t at = 0;
    while (true)
    {
        columns_.push_back(at + 1);
        if (at < line.size() && line[at] == '"')
        {
            std::size_t end = at + 1;
            bool doubled = false;
            while (end < line.size() && (line[end] != '"' || (end + 1 < line.size() && line[end + 1] == '"')))
            {
                doubled = doubled || line[end] == '"';
                end += line[end] == '"' ? 2 : 1;
            }
            if (end >= line.size() || (end + 1 < line.size() && line[end + 1] != ','))
            {
                complain(at + 1, "opens a quote that does not close on this line before a comma");
                return false;
            }
            auto field = line.substr(at + 1, end - at - 1);
            if (doubled)
            {
                auto copy = std::make_unique<std::string>();
                for (std::size_t i = 0; i < field.size(); ++i)
                {
                    *copy += field[i];
                    i += field[i] == '"' ? 1 : 0;
                }
                field = *copy;
                copies_.push_back(std::move(copy));
            }
            row_.push_back(field);
            at = end + 1;
        }
        else
        {
            const auto end = std::min(line.find(',', at), line.size());
            row_.push_back(line.substr(at, end - at));
            at = end;
        }
        if (at >= line.size())
            return true;
        ++at;
    }
}

std::string_view csv::filled(std::size_t wanted)
{
    const auto field = text(wanted);
    if (field.empty())
        problem(wanted, "must not be empty");
    return field;
}

std::int64_t csv::integer(std::size_t wanted, std::int64_t low, std::int64_t high)
{
    return decimal(wanted, 0, low, high);
}

std::int64_t csv::decimal(std::size_t wanted, int scale, std::int64_t low, std::int64_t high)
{
    const auto units = parse_decimal(text(wanted), scale);
    if (units && *units >= low && *units <= high)
        return *units;
    const auto printed = [scale](std::int64_t n) { return to_decimal(n, scale, zeros::trim); };
    const auto kind = scale == 0 ? std::string("a whole number")
                                 : fmt::format("a number with at most {} decimals", scale);
    problem(wanted, fmt::format("\"{}\" is not {} from {} to {}", text(wanted), kind, printed(low), printed(high)));
    return low;
}

void csv::problem(std::size_t wanted, const std::string& what)
{
    const auto place = places_[wanted];
    complain(place == npos ? 1 : columns_[place], fmt::format("{} {}", names_[wanted], what));
}

void csv::complain(std::size_t column, const std::string& what)
{
    if (problems_.size() < problems_max)
        problems_.push_back(fmt::format("{}:{}:{}: {}", file_, line_, column, what));
}

}  // namespace bazaar::scenario::kit

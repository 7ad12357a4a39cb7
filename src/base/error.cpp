#include "bazaar/base/error.hpp"

#include <array>
#include <utility>

namespace bazaar
{
namespace
{

struct row
{
    error_kind kind;
    int code;
    std::string_view name;
};

constexpr std::array<row, 12> table{{
    {error_kind::rejects, 4, "rejects"},
    {error_kind::usage, 64, "usage"},
    {error_kind::data, 65, "data"},
    {error_kind::no_input, 66, "no input"},
    {error_kind::unavailable, 69, "unavailable"},
    {error_kind::internal, 70, "internal"},
    {error_kind::os, 71, "os"},
    {error_kind::no_output, 73, "no output"},
    {error_kind::io, 74, "io"},
    {error_kind::temporary, 75, "temporary"},
    {error_kind::permission, 77, "permission"},
    {error_kind::config, 78, "config"},
}};

std::string joined(const std::vector<std::string>& lines)
{
    std::string text;
    for (const auto& line : lines)
    {
        if (!text.empty())
            text += '\n';
        text += line;
    }
    return text;
}

}  // namespace

int exit_code(error_kind kind) noexcept
{
    for (const auto& entry : table)
        if (entry.kind == kind)
            return entry.code;
    return 70;
}

std::string_view name(error_kind kind) noexcept
{
    for (const auto& entry : table)
        if (entry.kind == kind)
            return entry.name;
    return "internal";
}

error::error(error_kind kind, const std::string& line) : std::runtime_error(line), kind_(kind), lines_{line} {}

error::error(error_kind kind, std::vector<std::string> lines)
    : std::runtime_error(joined(lines)), kind_(kind), lines_(std::move(lines))
{
}

void broken(std::string_view expectation)
{
    throw error(error_kind::internal, "broken expectation: " + std::string(expectation));
}

}  // namespace bazaar

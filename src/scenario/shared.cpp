#include "bazaar/scenario/shared.hpp"

#include <fmt/format.h>

namespace bazaar::scenario
{
std::optional<std::string> shared_flag(std::span<const std::pair<std::string, std::string>> recorded,
                                       std::span<const field> fields)
{
    const settings initial(fields);
    for (const auto& [name, text] : recorded)
        for (std::size_t i = 0; i < fields.size(); ++i)
            if (fields[i].name == name && fields[i].alone && initial.printed(i) != text)
                return fmt::format("--{} {}", name, text);
    return std::nullopt;
}

}  // namespace bazaar::scenario

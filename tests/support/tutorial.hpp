#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "support/places.hpp"

namespace bazaar::test
{

/// The scenario file that the last step of docs/scenario-tutorial.md shows.
inline std::string tutorial_shop()
{
    std::ifstream page(source_dir() + "/docs/scenario-tutorial.md", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    const std::string fence = "```yaml\n";
    const auto begin = text.rfind(fence) + fence.size();
    return text.substr(begin, text.find("```\n", begin) - begin);
}

}  // namespace bazaar::test

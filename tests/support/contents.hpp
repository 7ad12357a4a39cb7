#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace bazaar::test
{

/// Of a file; empty if there is none.
[[nodiscard]] inline std::string contents(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace bazaar::test

#include "app/program.hpp"

#include <array>
#include <cstring>
#include <fstream>

#include "bazaar/base/random.hpp"

namespace bazaar::app
{

std::optional<std::uint64_t> program_number()
{
    static const auto number = program_number("/proc/self/exe");
    return number;
}

std::optional<std::uint64_t> program_number(const std::string& file)
{
    std::ifstream from(file, std::ios::binary);
    std::array<char, 1 << 16> bytes{};
    std::uint64_t h = 0;
    std::uint64_t size = 0;
    do
    {
        bytes.fill(0);
        from.read(bytes.data(), bytes.size());
        size += static_cast<std::uint64_t>(from.gcount());
        for (std::size_t at = 0; at < bytes.size(); at += 8)
        {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, sizeof(word));
            h = mix(h ^ word) + 1;
        }
    } while (from);
    if (!from.eof() || size == 0)
        return std::nullopt;
    return mix(h ^ size);
}

}  // namespace bazaar::app

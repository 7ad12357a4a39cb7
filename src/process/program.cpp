#include "bazaar/process/program.hpp"

#include <elf.h>
#include <link.h>

#include <array>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "bazaar/base/random.hpp"

namespace bazaar::process
{

namespace
{

/// The digest that the linker has left among the notes of a program.
std::optional<std::uint64_t> build_id(std::ifstream& from)
{
    const auto read = [&](auto& to) { return static_cast<bool>(from.read(reinterpret_cast<char*>(&to), sizeof(to))); };
    const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
    ElfW(Ehdr) head{};
    if (!read(head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ElfW(Phdr)))
        return std::nullopt;
    for (int i = 0; i < head.e_phnum; ++i)
    {
        ElfW(Phdr) part{};
        if (!from.seekg(static_cast<std::streamoff>(head.e_phoff + static_cast<std::size_t>(i) * sizeof(part))) ||
            !read(part))
            return std::nullopt;
        if (part.p_type != PT_NOTE)
            continue;
        for (std::size_t at = 0; at < part.p_filesz;)
        {
            ElfW(Nhdr) note{};
            std::array<char, 4> name{};
            std::uint64_t number = 0;
            if (!from.seekg(static_cast<std::streamoff>(part.p_offset + at)) || !read(note) || !read(name) ||
                !read(number))
                return std::nullopt;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == name.size() &&
                std::memcmp(name.data(), "GNU", name.size()) == 0 && note.n_descsz >= sizeof(number))
                return number;
            at += sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> program_number()
{
    static const auto number = program_number("/proc/self/exe");
    return number;
}

std::optional<std::uint64_t> program_number(const std::string& file)
{
    std::ifstream from(file, std::ios::binary);
    if (const auto id = build_id(from))
        return id;
    from.clear();
    from.seekg(0);
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

std::string_view program_version() noexcept
{
    return BAZAARD_VERSION;
}

std::string compiler()
{
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace bazaar::process

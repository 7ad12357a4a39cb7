#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar::process
{

/// A number that differs between builds of this program: the linker's build id, or else the digest of its file. Nothing
/// if that cannot be read.
[[nodiscard]] std::optional<std::uint64_t> program_number();

/// The number of a program file.
[[nodiscard]] std::optional<std::uint64_t> program_number(const std::string& file);

/// "0.1.0".
[[nodiscard]] std::string_view program_version() noexcept;

/// "gcc 12.2.0".
[[nodiscard]] std::string compiler();

}  // namespace bazaar::process

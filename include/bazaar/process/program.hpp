#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar::process
{

/// A number that another build of this program does not have: the linker's build id; without one the digest of its file. Nothing
/// when that cannot be read.
[[nodiscard]] std::optional<std::uint64_t> program_number();

/// The same of a file.
[[nodiscard]] std::optional<std::uint64_t> program_number(const std::string& file);

/// "0.1.0".
[[nodiscard]] std::string_view program_version() noexcept;

/// "gcc 12.2.0".
[[nodiscard]] std::string compiler();

}  // namespace bazaar::process

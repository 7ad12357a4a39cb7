#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bazaar::io
{

/// Far above any real card, configuration or seed file.
inline constexpr std::size_t small_file_max = 64 << 20;

struct small_file
{
    std::size_t most = small_file_max;  ///< Bytes.
    bool pipes = true;                  ///< A pipe without a name is accepted; not for files that are read again.
    bool text = true;                   ///< UTF-8 without NUL bytes; a byte order mark at the beginning is skipped.
};

/// Reads a small file completely: a regular file, or a pipe without a name, like a shell's `<(command)`, that answers
/// in time. Never waits for anything else, and never reads more than `how.most`.
///
/// Errors, each one line that begins with `who`, for example "--card FILE": `no_input` for a file that is missing,
/// unreadable or of another type; `data` for one that is too long or not a text; `io` for one that cannot be read to
/// its end.
[[nodiscard]] std::string read_small_file(const std::string& path, std::string_view who, small_file how = {});

/// The first line of a file with a password or a token, without its line end. Errors: as for `read_small_file`.
[[nodiscard]] std::string read_secret(const std::string& path, std::string_view who);

/// Checks a file that a library will open by itself, and might wait for. Errors: `no_input` if it is not a regular file
/// or cannot be opened.
void must_be_file(const std::string& path, std::string_view who);

/// Why it is not a regular file: "it is a directory"; empty for a regular file, and if it does not exist.
[[nodiscard]] std::string odd_type(const std::string& path);

/// Whether everybody on the machine may read it.
[[nodiscard]] bool is_readable_by_all(const std::string& path);

}  // namespace bazaar::io

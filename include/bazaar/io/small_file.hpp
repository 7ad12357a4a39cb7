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
    bool pipes = true;                  ///< A pipe without a name will do; not for what is read again.
    bool text = true;                   ///< UTF-8 without a byte 0; a byte order mark at its beginning is left out.
};

/// The bytes of a file that is small and whole: a regular one, or a pipe without a name, as `<(command)` of a shell makes it, that
/// answers in time. Never waits for anything else, and never takes more than `how.most`.
///
/// Errors, each one line that begins with `who`, for example "--card FILE": `no_input` for what is missing, not readable or of
/// another type; `data` for what is too long or no text; `io` for what cannot be read to its end.
[[nodiscard]] std::string read_small_file(const std::string& path, std::string_view who, small_file how = {});

/// The first line of a file with a password or a token, without its end. Errors: as `read_small_file`.
[[nodiscard]] std::string read_secret(const std::string& path, std::string_view who);

/// For files that a library opens by itself, and would wait for. Errors: `no_input` for what is no regular file or cannot be
/// opened.
void must_be_file(const std::string& path, std::string_view who);

/// Why it is no regular file: "it is a directory"; nothing for one, and for what is not there.
[[nodiscard]] std::string odd_type(const std::string& path);

/// Whether everybody on the machine may read it.
[[nodiscard]] bool is_readable_by_all(const std::string& path);

}  // namespace bazaar::io

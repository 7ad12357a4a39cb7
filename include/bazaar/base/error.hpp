#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar
{

/// The cause of a failure. Every kind has one exit code; docs/exit-codes.md lists them.
enum class error_kind
{
    rejects,      ///< Too many units were refused for good.
    usage,        ///< Unknown command or flag, value out of range.
    data,         ///< A seed file or an id is malformed.
    no_input,     ///< A named file is missing or unreadable.
    unavailable,  ///< PostgreSQL could not be reached within the time allowed at the start.
    internal,     ///< A failed assertion: our bug.
    os,           ///< No memory, threads or descriptors.
    no_output,    ///< An output file cannot be created.
    io,           ///< Reading or writing a file or stdout failed midway.
    temporary,    ///< A server was reached before, then away for too long; or another process owns the run.
    permission,   ///< Authentication, privilege or TLS refused.
    config,       ///< Configuration file wrong, schema not as expected, another run than the recorded one.
};

/// Exit code of a kind; sysexits.h from 64 on.
[[nodiscard]] int exit_code(error_kind kind) noexcept;

/// Name of a kind, as spelled in documents and logs.
[[nodiscard]] std::string_view name(error_kind kind) noexcept;

/// The only exception type of this program: a kind and one or more clear lines, each about a separate problem.
class error : public std::runtime_error
{
public:
    error(error_kind kind, const std::string& line);

    /// All problems at once; `lines` is not empty.
    error(error_kind kind, std::vector<std::string> lines);

    [[nodiscard]] error_kind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
    error_kind kind_;
    std::vector<std::string> lines_;
};

/// Throws an `internal` error that names the failed expectation.
[[noreturn]] void broken(std::string_view expectation);

/// A check for programmer errors; it stays on in release builds.
inline void expect(bool holds, std::string_view expectation)
{
    if (!holds) [[unlikely]]
        broken(expectation);
}

}  // namespace bazaar

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"

namespace bazaar::process
{

/// Nobody reads stdout any more, as with `| head`: not a failure, but the command ends.
class closed_output : public error
{
public:
    closed_output() : error(error_kind::io, "stdout: nobody reads it any more") {}
};

/// Writes data to stdout unchanged, completely or not at all as far as possible. Errors: `closed_output`; `io` for any
/// other reason.
void print_out(std::string_view text);

/// Writes text for people, escaped by `plain_lines`.
void print_text(std::string_view text);

/// Writes one line of text, and a line end.
void print_line(std::string_view line);

/// From now on the program never waits for stdout: what it does not accept at once is queued. For a daemon.
void never_wait_for_stdout();

/// Like `print_text`, but takes nothing and returns false if too much is waiting already. After
/// `never_wait_for_stdout`.
[[nodiscard]] bool offer_text(std::string_view text);

/// Waits until the queue is written, as long as there is progress, and at most for `limit`. Errors: as for `print_out`.
void finish_output(std::chrono::milliseconds limit);

/// The program has to end by then: it does not wait longer for stdout and the log. Any thread.
void end_output_by(std::chrono::steady_clock::time_point when) noexcept;

/// How long `print_out` has been waiting for stdout; 0 if it is not waiting.
[[nodiscard]] std::chrono::milliseconds waits_for_stdout() noexcept;

}  // namespace bazaar::process

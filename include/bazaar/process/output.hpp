#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"

namespace bazaar::process
{

/// Nobody reads stdout any more, as behind `| head`: no failure, and the end of what was to be done.
class closed_output : public error
{
public:
    closed_output() : error(error_kind::io, "stdout: nobody reads it any more") {}
};

/// Writes data to stdout as it is, whole or not at all as far as one can tell. Errors: `closed_output`; `io` for any other
/// reason.
void print_out(std::string_view text);

/// The same for people, escaped as `plain_lines` does.
void print_text(std::string_view text);

/// One line of it and its end.
void print_line(std::string_view line);

/// From now on nobody waits for stdout: what it does not take at once waits for it. Of a daemon.
void never_wait_for_stdout();

/// As `print_text`, but false and nothing taken when too much waits already. After `never_wait_for_stdout`.
[[nodiscard]] bool offer_text(std::string_view text);

/// Waits for what waits, for as long as some of it goes out and at most that long. Errors: as `print_out`.
void finish_output(std::chrono::milliseconds limit);

/// The program is to be gone by then: what stdout and the log do not take is waited for no longer. Any thread.
void end_output_by(std::chrono::steady_clock::time_point when) noexcept;

/// How long `print_out` has been waiting for stdout by now; 0 when it does not.
[[nodiscard]] std::chrono::milliseconds waits_for_stdout() noexcept;

}  // namespace bazaar::process

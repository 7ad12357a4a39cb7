#pragma once

namespace bazaar::process
{

/// Opens those of the descriptors 0, 1 and 2 that are closed, so that no file or socket of ours gets their numbers.
/// Writing to a stdout that was closed fails as before; a stderr that was closed discards everything.
///
/// Lifetime: to be called before anything else.
void open_standard_descriptors() noexcept;

/// Waits until stdout and the log have accepted everything that is queued. If `bounded`, or after a stop by a signal:
/// for one second each. Otherwise a signal ends the wait, as it ends any program that writes to a stopped terminal.
void flush_at_end(bool bounded) noexcept;

/// For std::set_terminate: writes everything that was logged before.
[[noreturn]] void last_words() noexcept;

}  // namespace bazaar::process

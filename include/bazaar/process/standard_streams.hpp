#pragma once

namespace bazaar::process
{

/// Opens what is closed of 0, 1 and 2, so that no file or socket of ours gets their numbers. Writing to a stdout that was closed
/// fails as before; stderr swallows what is written to it.
///
/// Lifetime: before anything else.
void open_standard_descriptors() noexcept;

/// Waits until stdout and the log have taken what waits for them. `bounded`, or after a stop by a signal: for a second each.
/// Otherwise a signal ends the waiting, as it ends any program that writes to a stopped terminal.
void flush_at_end(bool bounded) noexcept;

/// For std::set_terminate: what was logged before comes out first.
[[noreturn]] void last_words() noexcept;

}  // namespace bazaar::process

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar::process
{

/// Bytes on their way to a descriptor that may stand still: a stopped terminal, a pipe that nobody reads.
///
/// A thread of its own writes them, in their order, and is the only one that ever hangs. O_NONBLOCK is no way: it belongs to
/// all who share the terminal.
///
/// Lifetime: begins its thread with the first piece. Its end waits for nothing: `flush` before.
/// Threads:  any. Owner's functions are called by the thread that writes, never after the end.
class outlet
{
public:
    struct piece
    {
        std::string bytes;
        std::uint64_t lines = 0;  ///< What is lost with it, as the owner counts.
        std::uint64_t told = 0;   ///< What was lost before, as it says.
    };

    class owner
    {
    public:
        owner() = default;
        virtual ~owner() = default;
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;

        /// The piece was not written, or not whole. Must not call the outlet.
        virtual void failed(const piece& what, int error) = 0;

        /// All is written, `well` if nothing failed lately: more may be offered now.
        virtual void caught_up(bool well) = 0;
    };

    /// At most `limit` bytes wait. `of` may be null.
    outlet(int descriptor, std::size_t limit, owner* of);
    ~outlet();
    outlet(const outlet&) = delete;
    outlet& operator=(const outlet&) = delete;

    /// Number of the piece; nothing when too much waits already.
    [[nodiscard]] std::optional<std::uint64_t> offer(piece what);

    /// Waits a moment for room; the moments of a second are `patience` together.
    void await_room(std::size_t bytes);

    /// Waits the same moment until the piece is written, and no more until all is written once that was not enough. So a line
    /// is out before the program goes on, or crashes, wherever writing works.
    void settle(std::uint64_t number);

    /// Waits until all is written: not without any progress for `step`, and not longer than `total`. False when it is not.
    bool flush(std::chrono::milliseconds step, std::chrono::milliseconds total);

    /// Nothing waits.
    [[nodiscard]] bool empty() const;

    /// Of the last piece that could not be written; 0 when there was none.
    [[nodiscard]] int failure() const;

    static constexpr std::chrono::milliseconds patience{200};

private:
    struct state;

    const std::shared_ptr<state> state_;
};

/// Writes all of it; hangs for as long as the descriptor stands still. 0, or the error.
[[nodiscard]] int write_all(int descriptor, std::string_view text) noexcept;

}  // namespace bazaar::process

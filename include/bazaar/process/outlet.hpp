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

/// Writes to a descriptor that may block: a stopped terminal, a pipe that nobody reads.
///
/// Its own thread writes the bytes in order, and is the only one that ever blocks. O_NONBLOCK is not an option: it
/// would affect everybody who shares the terminal.
///
/// Lifetime: starts its thread with the first piece. The destructor waits for nothing: call `flush` before.
/// Threads:  any. The owner's functions are called by the writing thread, never after destruction.
class outlet
{
public:
    struct piece
    {
        std::string bytes;
        std::uint64_t lines = 0;  ///< Number of lines lost with it, as counted by the owner.
        std::uint64_t told = 0;   ///< Number of lines lost before, as reported by it.
    };

    class owner
    {
    public:
        owner() = default;
        virtual ~owner() = default;
        owner(const owner&) = delete;
        owner& operator=(const owner&) = delete;

        /// The piece was not written, or not completely. Must not call the outlet.
        virtual void failed(const piece& what, int error) = 0;

        /// Everything is written, `well` if nothing has failed recently: more may be offered now.
        virtual void caught_up(bool well) = 0;
    };

    /// At most `limit` bytes wait. `of` may be null.
    outlet(int descriptor, std::size_t limit, owner* of);
    ~outlet();
    outlet(const outlet&) = delete;
    outlet& operator=(const outlet&) = delete;

    /// Returns the number of the piece; nothing if too much is waiting already.
    [[nodiscard]] std::optional<std::uint64_t> offer(piece what);

    /// Waits briefly for room; all such waits within a second take at most `patience` together.
    void await_room(std::size_t bytes);

    /// Waits equally briefly until the piece is written; once that was not enough, it does not wait again until
    /// everything is written. So, wherever writing works, a line is written before the program continues, or crashes.
    void settle(std::uint64_t number);

    /// Waits until everything is written: at most `step` without any progress, and at most `total`. False if it is not.
    bool flush(std::chrono::milliseconds step, std::chrono::milliseconds total);

    /// Whether nothing is waiting.
    [[nodiscard]] bool empty() const;

    /// Error of the last piece that could not be written; 0 if there was none.
    [[nodiscard]] int failure() const;

    static constexpr std::chrono::milliseconds patience{200};

private:
    struct state;

    const std::shared_ptr<state> state_;
};

/// Writes everything; blocks as long as the descriptor does. Returns 0, or the error.
[[nodiscard]] int write_all(int descriptor, std::string_view text) noexcept;

}  // namespace bazaar::process

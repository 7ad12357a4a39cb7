#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "bazaar/io/descriptor.hpp"

namespace bazaar::io
{

/// The lines of a file, which may be long, or of a pipe that somebody still writes to.
///
/// Waits for a pipe as long as necessary; a stop ends the wait. Limits: memory for one line of `most` bytes. Errors,
/// each one line that begins with the name: `no_input` for a file that is missing, unreadable, a directory or an
/// endless device; `data` for a line that is too long; `io` for a file that cannot be read to its end.
class line_reader
{
public:
    static constexpr std::size_t line_max = 64 << 20;

    /// "-" is standard input.
    explicit line_reader(const std::string& path, std::stop_token stop = {}, std::size_t most = line_max);
    ~line_reader();
    line_reader(const line_reader&) = delete;
    line_reader& operator=(const line_reader&) = delete;

    /// The next line without its end, valid until the next call; false at the end, and after a stop.
    [[nodiscard]] bool next(std::string_view& line);

    /// Size of a regular file in bytes; zero for others.
    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    struct waker;

    bool fill();
    [[nodiscard]] bool wait_for_more();

    std::string name_;
    std::stop_token stop_;
    std::size_t most_;
    descriptor file_;
    int raw_ = -1;
    bool waits_ = false;  ///< Not a regular file.
    std::size_t length_ = 0;
    std::unique_ptr<waker> waker_;
    std::string buffer_;
    std::size_t begin_ = 0, searched_ = 0;  ///< Of the line in the buffer; up to here it has no end.
    std::size_t number_ = 0;
    bool ended_ = false;
};

}  // namespace bazaar::io

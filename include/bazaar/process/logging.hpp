#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace bazaar::process
{

enum class log_level : std::uint8_t
{
    trace,
    debug,
    info,
    warning,
    error,
};

enum class log_format : std::uint8_t
{
    automatic,  ///< Text on a terminal, JSON lines otherwise.
    text,
    json,
};

enum class progress : std::uint8_t
{
    automatic,  ///< On if stderr is a terminal.
    on,
    off,
};

/// A key of a structured line and its value.
struct log_field
{
    using any = std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view>;

    std::string_view key;
    any value;

    template <std::signed_integral T>
    log_field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v))
    {
    }
    template <std::unsigned_integral T>
    log_field(std::string_view k, T v) : key(k), value(static_cast<std::uint64_t>(v))
    {
    }
    log_field(std::string_view k, double v) : key(k), value(v) {}
    log_field(std::string_view k, bool v) : key(k), value(v) {}
    log_field(std::string_view k, std::string_view v) : key(k), value(v) {}
    log_field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
    log_field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
};

/// Where log lines go: file descriptor, form, and the level below which nothing is written.
struct log_target
{
    int descriptor = 2;
    log_level level = log_level::info;
    log_format format = log_format::automatic;
};

/// Opens the log: also spdlog's default logger writes to it from now on. May be called again with another target.
void start_logging(const log_target& target);

void set_log_level(log_level level);

/// Number of lines that could not be written, or not completely, or for which there was no room while nobody read them.
[[nodiscard]] std::uint64_t log_lines_lost() noexcept;

/// Waits until all logged lines are written; false if they are not within the limit.
bool flush_log(std::chrono::milliseconds limit);

/// Prints a line for people where the log goes, whatever the log's form and level: the error that ends the program.
/// Escaped by `plain`.
void print_error(std::string_view line);

/// Writes one line; `event` is a word for programs, `message` a sentence for people.
///
/// In text form: time, level, message, key=value. As JSON: one object with ts, level, event, msg and the keys.
/// Threads: any. Errors: none; a log that cannot be written never stops the run. If its output is blocked, like a
/// stopped terminal, lines wait, and those for which there is no room are counted and reported when it continues.
void log(log_level level, std::string_view event, std::string_view message,
         std::initializer_list<log_field> fields = {});

/// The line that shows how the run is going.
///
/// Refreshed in place if the log is text and goes to a terminal (or `--progress on`); log lines then scroll above it.
/// Otherwise a log line every 10 s. TERM=dumb cannot erase, so it gets log lines, too.
///
/// Lifetime: one at a time, between start_logging and the next; erases itself.
/// Threads:  any.
class status_line
{
public:
    using clock = std::chrono::steady_clock;

    explicit status_line(progress mode, std::chrono::milliseconds interval = std::chrono::seconds(10));
    ~status_line();

    status_line(const status_line&) = delete;
    status_line& operator=(const status_line&) = delete;

    /// False if nothing is ever shown, so that the text is not needed.
    [[nodiscard]] bool on() const noexcept { return form_ != form::off; }

    /// True when `show` would show something at this moment: in place always, in the log when the interval is over.
    [[nodiscard]] bool due(clock::time_point now = clock::now()) const noexcept;

    /// Replaces the line, or logs it if it is due.
    void show(std::string_view text, clock::time_point now = clock::now());

    /// Removes the line from the screen, until the next `show`.
    void clear();

private:
    enum class form : std::uint8_t
    {
        off,
        in_place,
        lines,
    };

    form form_ = form::off;
    std::chrono::milliseconds interval_;
    clock::time_point next_{};
};

}  // namespace bazaar::process

#include "bazaar/process/logging.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "bazaar/base/plain.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/process/outlet.hpp"
#include "bazaar/process/value_source.hpp"

namespace bazaar::process
{
namespace
{

bool environment_is(const char* variable, std::string_view text)
{
    const char* value = std::getenv(variable);
    return value != nullptr && value == text;
}

bool environment_has(const char* variable)
{
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

std::atomic<std::uint64_t> lines_lost{0};

/// What may wait for a log that stands still.
constexpr std::size_t log_max = 1 << 20;

/// The line that says how many were lost.
std::string notice_of(std::uint64_t lines);

/// The longest beginning of at most `columns` characters of UTF-8.
std::string_view cut(std::string_view text, std::size_t columns)
{
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80 && seen++ == columns)
            return text.substr(0, i);
    return text;
}

/// A descriptor that carries log lines and, below them, at most one status that is refreshed.
///
/// Threads: any; each call is one write, so that lines of others who share the terminal do not come between.
class console final : public outlet::owner
{
public:
    void open(int descriptor)
    {
        close();
        const std::scoped_lock lock(mutex_);
        descriptor_ = descriptor;
    }

    /// What is written after this goes to stderr.
    void close()
    {
        flush(last_lines, last_lines);
        std::shared_ptr<outlet> before;
        const std::scoped_lock lock(mutex_);
        before.swap(out_);
        status_.clear();
        rows_ = 0;
        lost_ = 0;
        descriptor_ = STDERR_FILENO;
    }

    void line(std::string_view text)
    {
        std::unique_lock lock(mutex_);
        const auto to = out();
        // Before the first line that is taken again, so that the gap is where it was.
        const auto lost = lost_.exchange(0);
        std::size_t rows = 0;
        auto all = erased();
        if (lost > 0)
            all += notice_of(lost) + '\n';
        all += text;
        all += '\n';
        if (!status_.empty())
            all += drawn(rows);
        const auto number = to->offer({std::move(all), 1, lost});
        if (!number)
        {
            ++lines_lost;
            lost_ += lost + 1;
            return;
        }
        rows_ = rows;
        lock.unlock();
        to->settle(*number);
    }

    void status(std::string_view text)
    {
        std::unique_lock lock(mutex_);
        if (text.empty() && status_.empty())
            return;
        const auto to = out();
        status_ = plain(text);
        // A picture of now: what cannot be seen now is not shown later.
        if (!status_.empty() && !to->empty())
            return;
        std::size_t rows = 0;
        auto all = erased();
        if (!status_.empty())
            all += drawn(rows);
        const auto number = to->offer({std::move(all), 0});
        if (!number)
            return;
        rows_ = rows;
        lock.unlock();
        to->settle(*number);
    }

    bool flush(std::chrono::milliseconds step, std::chrono::milliseconds total)
    {
        std::shared_ptr<outlet> to;
        {
            const std::scoped_lock lock(mutex_);
            to = out_;
        }
        return to == nullptr || to->flush(step, total);
    }

private:
    static constexpr std::chrono::seconds last_lines{1};

    /// A full disk or a closed pipe: the run is worth more than its log.
    void failed(const outlet::piece& what, int) override
    {
        lines_lost += what.lines;
        lost_ += what.lines + what.told;
    }

    void caught_up(bool well) override
    {
        if (!well || lost_ == 0)
            return;
        const std::scoped_lock lock(mutex_);
        const auto lost = lost_.exchange(0);
        if (lost == 0 || out_ == nullptr)
            return;
        std::size_t rows = 0;
        auto all = erased() + notice_of(lost) + '\n';
        if (!status_.empty())
            all += drawn(rows);
        if (out_->offer({std::move(all), 0, lost}))
            rows_ = rows;
        else
            lost_ += lost;
    }

    /// Locked.
    std::shared_ptr<outlet> out()
    {
        if (out_ == nullptr)
            out_ = std::make_shared<outlet>(descriptor_, log_max, this);
        return out_;
    }

    /// What takes the rows of the status off the screen.
    [[nodiscard]] std::string erased() const
    {
        if (rows_ == 0)
            return {};
        std::string all = "\r";
        for (auto row = rows_; row > 1; --row)
            all += "\x1b[A";
        return all + "\x1b[J";
    }

    /// The status in as many rows as it needs, broken at " | ". A row that wrapped could not be erased, so each is cut.
    std::string drawn(std::size_t& rows) const
    {
        constexpr std::string_view bar = " | ";
        const std::size_t width = columns() - 1;
        std::string all, row;
        const auto end_row = [&]
        {
            if (rows++ > 0)
                all += '\n';
            all += cut(row, width);
            row.clear();
        };
        for (std::string_view rest = status_; !rest.empty();)
        {
            const auto end = rest.find(bar);
            const auto part = rest.substr(0, end);
            if (!row.empty() && row.size() + bar.size() + part.size() > width)
                end_row();
            row += row.empty() ? std::string(part) : std::string(bar) + std::string(part);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + bar.size());
        }
        end_row();
        return all;
    }

    [[nodiscard]] std::size_t columns() const
    {
        winsize size{};
        if (::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
            return size.ws_col;
        return 80;
    }

    std::mutex mutex_;
    std::shared_ptr<outlet> out_;
    int descriptor_ = STDERR_FILENO;
    std::string status_;
    std::size_t rows_ = 0;                ///< That the status takes on the screen, when all is written.
    std::atomic<std::uint64_t> lost_{0};  ///< Lines, since it was last said.
};

console& the_console()
{
    // For as long as a thread may hang in a write.
    static console& one = *new console;
    return one;
}

struct log_state
{
    bool terminal = false;
    bool json = false;
    bool colour = false;
};

log_state& state()
{
    static log_state one;
    return one;
}

/// Event and keys of the line that this thread is logging; spdlog itself carries only the message.
struct structured
{
    std::string_view event;
    std::span<const log_field> fields;
};

thread_local const structured* current = nullptr;

std::string_view level_name(spdlog::level::level_enum level)
{
    static constexpr std::array<std::string_view, 7> names{"trace", "debug", "info", "warning", "error", "error", ""};
    return names.at(static_cast<std::size_t>(level));
}

spdlog::level::level_enum level_of(log_level level)
{
    static constexpr std::array levels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                       spdlog::level::warn, spdlog::level::err};
    return levels.at(static_cast<std::size_t>(level));
}

std::string as_json(const spdlog::details::log_msg& message, const std::string& ts, const structured* keys)
{
    nlohmann::ordered_json object;
    object["ts"] = ts;
    object["level"] = level_name(message.level);
    if (keys != nullptr)
        object["event"] = keys->event;
    object["msg"] = std::string_view(message.payload.data(), message.payload.size());
    if (keys != nullptr)
        for (const auto& field : keys->fields)
            std::visit([&](const auto& value) { object[std::string(field.key)] = value; }, field.value);
    return io::json_text(object);
}

std::string as_text(const spdlog::details::log_msg& message, const std::string& ts, const structured* keys)
{
    static constexpr std::array<std::string_view, 7> colours{"\x1b[2m",  "\x1b[2m",  "\x1b[32m", "\x1b[33m",
                                                             "\x1b[31m", "\x1b[31m", ""};
    const bool colour = state().colour;
    auto text = fmt::format("{} {}{:<7}{} {}", ts, colour ? colours.at(static_cast<std::size_t>(message.level)) : "",
                            level_name(message.level), colour ? "\x1b[0m" : "",
                            plain({message.payload.data(), message.payload.size()}));
    if (keys != nullptr)
        for (const auto& field : keys->fields)
        {
            auto value = std::visit([](const auto& v) { return fmt::format("{}", v); }, field.value);
            value = plain(value);
            if (value.empty() || value.find(' ') != std::string::npos)
                value = '"' + value + '"';
            text += fmt::format(" {}={}", field.key, value);
        }
    return text;
}

std::string formatted(const spdlog::details::log_msg& message, const structured* keys)
{
    const auto ts = to_string(time{std::chrono::duration_cast<microseconds>(message.time.time_since_epoch()).count()});
    return state().json ? as_json(message, ts, keys) : as_text(message, ts, keys);
}

std::string notice_of(std::uint64_t lines)
{
    const auto text = fmt::format("{} log line{} lost: the log could not be written, or nobody read it", lines,
                                  lines == 1 ? " was" : "s were");
    const std::array fields{log_field("lines", lines)};
    const structured keys{"log", fields};
    return formatted({"bazaard", spdlog::level::warn, text}, &keys);
}

/// The console has its own lock, which is not held while it waits.
class console_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex>
{
protected:
    void sink_it_(const spdlog::details::log_msg& message) override { the_console().line(formatted(message, current)); }

    void flush_() override {}
};

}  // namespace

void start_logging(const log_target& target)
{
    the_console().close();
    auto& now = state();
    const bool dumb = environment_is("TERM", "dumb");
    now.terminal = ::isatty(target.descriptor) == 1;
    now.json = target.format == log_format::json || (target.format == log_format::automatic && !now.terminal);
    now.colour = now.terminal && !now.json && !dumb && !environment_has("NO_COLOR");
    the_console().open(target.descriptor);

    auto logger = std::make_shared<spdlog::logger>("bazaard", std::make_shared<console_sink>());
    logger->set_level(level_of(target.level));
    spdlog::set_default_logger(std::move(logger));
}

void set_log_level(log_level level)
{
    spdlog::set_level(level_of(level));
}

std::uint64_t log_lines_lost() noexcept
{
    return lines_lost;
}

bool flush_log(std::chrono::milliseconds limit)
{
    return the_console().flush(limit, limit);
}

void print_error(std::string_view line)
{
    the_console().line(plain(line));
}

void log(log_level level, std::string_view event, std::string_view message, std::initializer_list<log_field> fields)
{
    const structured keys{event, {fields.begin(), fields.size()}};
    const auto* const before = std::exchange(current, &keys);
    std::string renamed;
    if (message.find("--") != message.npos)
        message = renamed = as_given(std::string(message));
    spdlog::log(level_of(level), spdlog::string_view_t(message.data(), message.size()));
    current = before;
}

status_line::status_line(progress mode, std::chrono::milliseconds interval) : interval_(interval)
{
    const auto& log_to = state();
    if (mode == progress::off)
        form_ = form::off;
    else if (!log_to.json && !environment_is("TERM", "dumb") && (log_to.terminal || mode == progress::on))
        form_ = form::in_place;
    else
        form_ = form::lines;
}

status_line::~status_line()
{
    clear();
}

bool status_line::due(clock::time_point now) const noexcept
{
    return form_ == form::in_place || (form_ == form::lines && now >= next_);
}

void status_line::show(std::string_view text, clock::time_point now)
{
    if (!due(now))
        return;
    if (form_ == form::in_place)
    {
        the_console().status(text);
        return;
    }
    next_ = now + interval_;
    log(log_level::info, "progress", text);
}

void status_line::clear()
{
    if (form_ == form::in_place)
        the_console().status({});
}

}  // namespace bazaar::process

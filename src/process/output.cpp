#include "bazaar/process/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <fmt/format.h>

#include "bazaar/base/plain.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/outlet.hpp"
#include "bazaar/process/standard_streams.hpp"
#include "bazaar/process/stop_by_signal.hpp"

namespace bazaar::process
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t stdout_max = 4 << 20;

/// Of a daemon; it stays for as long as its thread may hang.
outlet*& unhurried()
{
    static outlet* one = nullptr;
    return one;
}

std::atomic<clock::rep> writing_since{0};

class writing
{
public:
    writing() { writing_since = clock::now().time_since_epoch().count(); }
    ~writing() { writing_since = 0; }
    writing(const writing&) = delete;
    writing& operator=(const writing&) = delete;
};

void check(int problem)
{
    if (problem == EPIPE)
        throw closed_output();
    if (problem != 0)
        throw error(error_kind::io, fmt::format("stdout: {}", std::strerror(problem)));
}

/// The lowest number that is free.
void open_nothing(int flags) noexcept
{
    if (::open("/dev/null", flags) < 0)
        static_cast<void>(::open("/", O_RDONLY));
}

std::atomic<clock::time_point> gone_by{clock::time_point::max()};

/// At most `limit`, and not beyond the moment by which the program is to be gone; a moment in any case.
milliseconds within(milliseconds limit) noexcept
{
    constexpr milliseconds least{50};
    const auto until = gone_by.load();
    if (until == clock::time_point::max())
        return limit;
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now());
    return std::clamp(left, std::min(least, limit), limit);
}

}  // namespace

void open_standard_descriptors() noexcept
{
    // Each the wrong way round, so that reading and writing fail as on the closed one; but nobody misses stderr.
    constexpr int how[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int i = 0; i <= STDERR_FILENO; ++i)
        if (::fcntl(i, F_GETFD) < 0 && errno == EBADF)
            open_nothing(how[i]);
}

void print_out(std::string_view text)
{
    if (auto* const to = unhurried(); to != nullptr)
    {
        check(to->failure());
        to->await_room(text.size());
        static_cast<void>(to->offer({std::string(text)}));
        return;
    }
    const writing now;
    check(write_all(STDOUT_FILENO, text));
}

void print_text(std::string_view text)
{
    print_out(plain_lines(text));
}

void print_line(std::string_view line)
{
    print_out(plain(line) + '\n');
}

void never_wait_for_stdout()
{
    if (unhurried() == nullptr)
        unhurried() = new outlet(STDOUT_FILENO, stdout_max, nullptr);
}

bool offer_text(std::string_view text)
{
    auto& to = *unhurried();
    check(to.failure());
    auto safe = plain_lines(text);
    to.await_room(safe.size());
    return to.offer({std::move(safe)}).has_value();
}

void end_output_by(std::chrono::steady_clock::time_point when) noexcept
{
    gone_by = when;
}

void finish_output(milliseconds limit)
{
    limit = within(limit);
    constexpr milliseconds step{1000};
    auto* const to = unhurried();
    if (to == nullptr)
        return;
    static_cast<void>(to->flush(std::min(step, limit), limit));
    check(to->failure());
}

void flush_at_end(bool bounded) noexcept
{
    constexpr std::chrono::seconds moment{1};
    constexpr std::chrono::hours long_time{1};
    try
    {
        finish_output(moment);
    }
    catch (const error&)
    {
        // The program ends with another one already.
    }
    if (bounded || stop_was_asked_for())
        flush_log(within(moment));
    else
        while (!flush_log(long_time))
            continue;
}

void last_words() noexcept
{
    flush_log(std::chrono::seconds(1));
    // Says what it was on stderr.
    __gnu_cxx::__verbose_terminate_handler();
    std::abort();
}

milliseconds waits_for_stdout() noexcept
{
    const auto since = writing_since.load();
    if (since == 0)
        return {};
    return std::chrono::duration_cast<milliseconds>(clock::now() - clock::time_point(clock::duration(since)));
}

}  // namespace bazaar::process

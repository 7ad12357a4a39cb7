#pragma once

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cli/process.hpp"
#include "support/eventually.hpp"

namespace bazaar::test
{

/// Something to write to that can stand still.
class far_end
{
public:
    virtual ~far_end()
    {
        for (const int one : {read_, write_})
            if (one >= 0)
                ::close(one);
    }
    far_end(const far_end&) = delete;
    far_end& operator=(const far_end&) = delete;

    [[nodiscard]] int descriptor() const { return write_; }

    /// What has arrived by now.
    [[nodiscard]] std::string taken() const
    {
        std::string text;
        std::array<char, 4096> buffer;
        for (ssize_t got = 0; (got = ::read(read_, buffer.data(), buffer.size())) > 0;)
            text.append(buffer.data(), static_cast<std::size_t>(got));
        return text;
    }

    /// Reads until a text has come; what was read by then.
    [[nodiscard]] std::string taken_until(std::string_view wanted,
                                          std::chrono::milliseconds limit = std::chrono::seconds(30)) const
    {
        std::string all;
        static_cast<void>(eventually([&] { return (all += taken()).find(wanted) != all.npos; }, limit));
        return all;
    }

protected:
    far_end() = default;

    int read_ = -1, write_ = -1;
};

/// A terminal; its user may have pressed Ctrl-S.
class terminal : public far_end
{
public:
    explicit terminal(unsigned short columns = 200)
    {
        winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
        if (::openpty(&read_, &write_, nullptr, nullptr, &size) != 0)
            throw std::runtime_error("openpty");
        // Bytes as they are written: no carriage return before a line feed.
        termios mode{};
        ::tcgetattr(write_, &mode);
        ::cfmakeraw(&mode);
        ::tcsetattr(write_, TCSANOW, &mode);
        ::fcntl(read_, F_SETFL, O_NONBLOCK);
        ::fcntl(read_, F_SETFD, FD_CLOEXEC);
        ::fcntl(write_, F_SETFD, FD_CLOEXEC);
    }

    void stop() const { ::tcflow(write_, TCOOFF); }
    void resume() const { ::tcflow(write_, TCOON); }
};

/// A pipe that nobody has written to.
class empty_pipe : public far_end
{
public:
    empty_pipe()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            throw std::runtime_error("pipe2");
        read_ = ends[0];
        write_ = ends[1];
        ::fcntl(read_, F_SETFL, O_NONBLOCK);
    }
};

/// A pipe that nobody has read for long.
class full_pipe : public empty_pipe
{
public:
    full_pipe()
    {
        ::fcntl(write_, F_SETFL, O_NONBLOCK);
        const std::string much(4096, '.');
        while (::write(write_, much.data(), much.size()) > 0)
            filled_ += much.size();
        ::fcntl(write_, F_SETFL, 0);
    }

    /// Bytes that were in it before anybody else wrote.
    [[nodiscard]] std::size_t filled() const { return filled_; }

private:
    std::size_t filled_ = 0;
};

/// Waits until a thread of the process is in write(2), and stays there for a moment.
[[nodiscard]] inline bool hangs_in_write(pid_t process_id)
{
    const auto seen = [&]
    {
        std::error_code failed;
        const auto tasks = "/proc/" + std::to_string(process_id) + "/task";
        for (const auto& task : std::filesystem::directory_iterator(tasks, failed))
        {
            std::ifstream file(task.path() / "syscall");
            std::string number;
            if (file >> number && number == std::to_string(SYS_write))
                return true;
        }
        return false;
    };
    return eventually([&] { return seen() && !eventually([&] { return !seen(); }, std::chrono::milliseconds(50)); },
                      std::chrono::seconds(30));
}

/// A program with given descriptors 0, 1 and 2; -1 is closed. Killed with the object.
class child
{
public:
    child(std::vector<std::string> arguments, std::array<int, 3> descriptors,
          std::map<std::string, std::string> environment = {})
    {
        const program_words words(std::move(arguments), std::move(environment));
        pid_ = ::fork();
        if (pid_ < 0)
            throw std::runtime_error("fork");
        if (pid_ == 0)
        {
            // Only calls that are safe between fork and exec. First out of the way of 0 to 2.
            for (int& one : descriptors)
                if (one >= 0)
                    one = ::fcntl(one, F_DUPFD_CLOEXEC, 10);
            for (int i = 0; i < 3; ++i)
                if (descriptors[static_cast<std::size_t>(i)] < 0)
                    ::close(i);
                else
                    ::dup2(descriptors[static_cast<std::size_t>(i)], i);
            words.exec();
            ::_exit(127);
        }
    }
    ~child()
    {
        if (pid_ <= 0)
            return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    [[nodiscard]] pid_t id() const noexcept { return pid_; }
    void send(int signal) const { ::kill(pid_, signal); }

    /// Exit code, or 128 + n after signal n; nothing when it has not ended in time.
    std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(30))
    {
        int status = 0;
        if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, limit))
            return std::nullopt;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    /// With --core-dumps: /proc says it to root alone otherwise.
    [[nodiscard]] bool hangs_in_write() const { return test::hangs_in_write(pid_); }

private:
    pid_t pid_ = -1;
};

}  // namespace bazaar::test

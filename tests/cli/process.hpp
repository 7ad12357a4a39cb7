#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/eventually.hpp"
#include "support/places.hpp"

namespace bazaar::test
{

/// What a process left behind.
struct finished
{
    int status = -1;  ///< Exit code; 128 + n after signal n; -1 when it had to be killed for being late.
    std::string out;  ///< stdout
    std::string err;  ///< stderr
};

/// Where the daemons of this test program have their control sockets: those of another one have the same names.
class runtime_directory
{
public:
    [[nodiscard]] static const std::string& path()
    {
        static const runtime_directory one;
        return one.path_;
    }
    ~runtime_directory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    runtime_directory(const runtime_directory&) = delete;
    runtime_directory& operator=(const runtime_directory&) = delete;

private:
    runtime_directory()
    {
        if (::mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error("mkdtemp");
    }

    std::string path_ = "/tmp/bazaard-tests-XXXXXX";
};

/// What a program is started with: of the test's environment it sees only PATH and what sanitizers read.
class program_words
{
public:
    program_words(std::vector<std::string> arguments, std::map<std::string, std::string> environment)
        : arguments_(std::move(arguments))
    {
        for (const char* variable : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
            if (const char* value = std::getenv(variable); value != nullptr)
                environment.emplace(variable, value);
        environment.emplace("XDG_RUNTIME_DIR", runtime_directory::path());
        for (const auto& [variable, value] : environment)
            settings_.push_back(variable + '=' + value);
        argv_ = pointers(arguments_);
        envp_ = pointers(settings_);
    }
    program_words(const program_words&) = delete;
    program_words& operator=(const program_words&) = delete;

    /// Becomes the program; safe between fork and exec.
    void exec() const noexcept { ::execve(argv_[0], argv_.data(), envp_.data()); }

private:
    static std::vector<char*> pointers(std::vector<std::string>& texts)
    {
        std::vector<char*> made;
        for (auto& text : texts)
            made.push_back(text.data());
        made.push_back(nullptr);
        return made;
    }

    std::vector<std::string> arguments_, settings_;
    std::vector<char*> argv_, envp_;
};

/// A program that runs beside the test, with an environment of its own: of the test's it sees only PATH and what sanitizers read.
///
/// Lifetime: a process that still runs is killed with the object.
class process
{
public:
    process(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {})
    {
        program_words words(std::move(arguments), std::move(environment));
        int out[2];
        int err[2];
        if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
            throw std::runtime_error("pipe2");
        pid_ = ::fork();
        if (pid_ < 0)
            throw std::runtime_error("fork");
        if (pid_ == 0)
        {
            // Only calls that are safe between fork and exec.
            const int nothing = ::open("/dev/null", O_RDONLY);
            ::dup2(nothing, STDIN_FILENO);
            ::dup2(out[1], STDOUT_FILENO);
            ::dup2(err[1], STDERR_FILENO);
            words.exec();
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        pipes_ = {out[0], err[0]};
    }

    ~process()
    {
        if (pid_ > 0)
        {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        for (const int one : pipes_)
            if (one >= 0)
                ::close(one);
    }

    process(const process&) = delete;
    process& operator=(const process&) = delete;

    [[nodiscard]] pid_t id() const noexcept { return pid_; }

    /// Sends a signal. The first one that asks the program for something waits until the program handles it: one that has only
    /// begun would die of it.
    void send(int signal) const
    {
        for (const int asking : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2})
            if (signal == asking && !std::exchange(asked_, true))
                static_cast<void>(eventually([&] { return handles(signal); }, std::chrono::seconds(10)));
        ::kill(pid_, signal);
    }

    /// Reads its output until that text is in what it wrote to stderr; false when it is not in time.
    [[nodiscard]] bool says(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(30))
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (left_.err.find(text) == std::string::npos)
        {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end -
                                                                                    std::chrono::steady_clock::now());
            if (left.count() <= 0 || (pipes_[0] < 0 && pipes_[1] < 0))
                return false;
            read_some(static_cast<int>(left.count()));
        }
        return true;
    }

    /// What it has written to stderr, as far as it was read.
    [[nodiscard]] const std::string& said() const noexcept { return left_.err; }

    /// Reads its output to the end, then its status.
    finished wait(std::chrono::milliseconds limit = std::chrono::seconds(30))
    {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (pipes_[0] >= 0 || pipes_[1] >= 0)
        {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end -
                                                                                    std::chrono::steady_clock::now());
            if (left.count() <= 0)
                return late();
            read_some(static_cast<int>(left.count()));
        }
        // Both ends are closed, so this is the end of the process but for odd ones; those run into the test's own limit.
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        left_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return left_;
    }

private:
    /// Whether the program has a handler for the signal, or has ended.
    [[nodiscard]] bool handles(int signal) const
    {
        std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
        std::string word;
        while (status >> word)
        {
            std::string value;
            if ((word == "State:" && status >> value && value == "Z") ||
                (word == "SigCgt:" && status >> value && (std::stoull(value, nullptr, 16) >> (signal - 1) & 1U) != 0))
                return true;
        }
        return false;
    }

    void read_some(int milliseconds)
    {
        // A closed descriptor is -1, which poll leaves out.
        std::array<pollfd, 2> wanted{{{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}}};
        if (::poll(wanted.data(), wanted.size(), milliseconds) <= 0)
            return;
        for (std::size_t i = 0; i < wanted.size(); ++i)
        {
            if (wanted[i].revents == 0)
                continue;
            std::array<char, 4096> buffer;
            const auto got = ::read(pipes_[i], buffer.data(), buffer.size());
            if (got > 0)
                (i == 0 ? left_.out : left_.err).append(buffer.data(), static_cast<std::size_t>(got));
            else if (got == 0 || errno != EINTR)
                ::close(std::exchange(pipes_[i], -1));
        }
    }

    finished late()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
        left_.status = -1;
        left_.err += "\n(killed: it took too long)";
        return left_;
    }

    pid_t pid_ = -1;
    mutable bool asked_ = false;
    std::array<int, 2> pipes_{-1, -1};
    finished left_;
};

/// Runs bazaard to its end.
inline finished bazaard(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {})
{
    arguments.insert(arguments.begin(), test::program_path());
    return process(std::move(arguments), std::move(environment)).wait();
}

/// A file that is gone with the object.
class temporary_file
{
public:
    explicit temporary_file(std::string_view contents)
    {
        const int file = ::mkstemp(path_.data());
        if (file < 0 || ::write(file, contents.data(), contents.size()) != static_cast<ssize_t>(contents.size()))
            throw std::runtime_error("mkstemp");
        ::close(file);
    }
    ~temporary_file() { ::unlink(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_ = "/tmp/bazaard-test-XXXXXX";
};

}  // namespace bazaar::test

#include "bazaar/observe/control_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::observe
{
namespace
{

/// Room in an address of a socket, without the last zero.
constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void cannot(const std::string& path)
{
    throw error(error_kind::no_output, fmt::format("--control-socket {}: cannot be made there: {}", path,
                                                   std::generic_category().message(errno)));
}

/// FNV-1a: names that are cut stay apart.
std::uint32_t digest(std::string_view text)
{
    std::uint32_t sum = 2'166'136'261U;
    for (const char c : text)
        sum = (sum ^ static_cast<std::uint8_t>(c)) * 16'777'619U;
    return sum;
}

std::string plain(std::string_view name)
{
    // With a run of 31 and the key, a name of 80 bytes: there is room for the directory in a socket's address.
    constexpr std::size_t longest = 32;
    std::string made;
    for (const char c : name)
    {
        const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                          c == '-';
        if (safe)
            made += c;
        else
            made += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return made.size() <= longest ? made : fmt::format("{}~{:08x}", made.substr(0, longest - 9), digest(name));
}

}  // namespace

std::vector<std::string> control_directories()
{
    std::vector<std::string> all;
    if (const char* own = std::getenv("XDG_RUNTIME_DIR"); own != nullptr && *own == '/')
        all.push_back(std::string(own) + "/bazaard");
    all.emplace_back("/run/bazaard");
    all.push_back(fmt::format("/tmp/bazaard-{}", ::geteuid()));
    return all;
}

std::string control_file(std::string_view schema, std::string_view run, std::string_view database)
{
    const auto key = database.empty() ? std::string() : fmt::format("{:08x}.", digest(database));
    return fmt::format("{}{}.{}.sock", key, plain(schema), plain(run));
}

bool is_control_file_of(std::string_view file, std::string_view schema, std::string_view run)
{
    // No plain name has a dot: what stands before is a key, or nothing.
    const auto name = control_file(schema, run);
    return file == name || (file.size() == name.size() + 9 && file.ends_with(name) && file[8] == '.');
}

bool private_directory(const std::string& path)
{
    struct stat found = {};
    return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
           (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string control_socket::default_path(std::string_view schema, std::string_view run, std::string_view database)
{
    const auto directories = control_directories();
    for (const auto& directory : directories)
    {
        const auto path = directory + '/' + control_file(schema, run, database);
        if (path.size() > path_max)
            continue;
        const bool made = ::mkdir(directory.c_str(), S_IRWXU) == 0;
        if ((made || errno == EEXIST) && private_directory(directory) && ::access(directory.c_str(), W_OK | X_OK) == 0)
            return path;
        if (made)
            ::rmdir(directory.c_str());
    }
    throw error(error_kind::no_output,
                fmt::format("no control socket can be made in {}: --control-socket PATH names another place",
                            fmt::join(directories, ", ")));
}

control_socket::control_socket(std::string path) : path_(std::move(path))
{
    if (path_.size() > path_max)
        throw error(error_kind::usage,
                    fmt::format("--control-socket {}: a path has at most {} bytes", path_, path_max));
    try
    {
        lock();
        bind();
    }
    catch (...)
    {
        clear();
        throw;
    }
}

control_socket::~control_socket()
{
    clear();
}

/// Takes away what is ours, and nothing of a process that holds the lock. The lock goes last: until then nobody else binds.
void control_socket::clear() noexcept
{
    if (bound_)
        ::unlink(path_.c_str());
    if (held_)
        ::unlink((path_ + ".lock").c_str());
    if (socket_ >= 0)
        ::close(socket_);
    if (lock_ >= 0)
        ::close(lock_);
}

int control_socket::release() noexcept
{
    return std::exchange(socket_, -1);
}

/// The lock goes with the process, however that ends: what is locked by nobody is stale.
void control_socket::lock()
{
    const auto name = path_ + ".lock";
    for (;;)
    {
        lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        if (lock_ < 0)
            cannot(path_);
        if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
        {
            if (errno != EWOULDBLOCK)
                cannot(path_);
            throw error(error_kind::temporary,
                        fmt::format("--control-socket {}: another process listens there", path_));
        }
        struct stat held = {};
        struct stat named = {};
        if (::fstat(lock_, &held) == 0 && ::stat(name.c_str(), &named) == 0 && held.st_ino == named.st_ino)
        {
            held_ = true;
            return;
        }
        // Its last owner has removed it meanwhile.
        ::close(std::exchange(lock_, -1));
    }
}

void control_socket::bind()
{
    struct stat found = {};
    if (::lstat(path_.c_str(), &found) == 0)
    {
        errno = EEXIST;
        if (!S_ISSOCK(found.st_mode) || ::unlink(path_.c_str()) != 0)
            cannot(path_);
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // The mode of the socket becomes that of its file: at no moment can others open it.
    if (socket_ < 0 || ::fchmod(socket_, S_IRUSR | S_IWUSR) != 0 ||
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        cannot(path_);
    bound_ = true;
    if (::listen(socket_, SOMAXCONN) != 0)
        cannot(path_);
}

}  // namespace bazaar::observe

#include "support/postgres_cluster.hpp"
#include "support/places.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "support/sql_client.hpp"

namespace bazaar::test
{
namespace
{

const std::string script = test::source_dir() + "/scripts/lib/pg_cluster";

std::string output_of(const std::string& command)
{
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr)
        throw std::runtime_error("cannot run " + command);
    std::string text;
    std::array<char, 4096> piece{};
    while (const std::size_t size = fread(piece.data(), 1, piece.size(), pipe))
        text.append(piece.data(), size);
    if (pclose(pipe) != 0)
        throw std::runtime_error(command + " failed");
    return text;
}

std::string temporary_directory(const char* pattern)
{
    std::string path = pattern;
    if (mkdtemp(path.data()) == nullptr)
        throw std::runtime_error("cannot make a temporary directory");
    return path;
}

sockaddr_in loopback(int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool listening(int port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connected;
}

}  // namespace

int free_port()
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no free port");
    close(fd);
    return ntohs(address.sin_port);
}

postgres_cluster& postgres_cluster::get()
{
    static postgres_cluster one;
    return one;
}

postgres_cluster::postgres_cluster() : directory_(temporary_directory("/tmp/bazaard-test-pg.XXXXXX"))
{
    // The environment of whoever runs the tests must not reach them.
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE",
                             "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGSSLMODE"})
        unsetenv(name);
    // --with stops the server even when this process is killed.
    std::istringstream lines(output_of(script + " start " + directory_ +
                                       " --fast --set fsync=off --set max_prepared_transactions=0" + " --with " +
                                       std::to_string(getpid())));
    for (std::string line; std::getline(lines, line);)
        if (const auto equals = line.find('='); equals != line.npos)
            values_[line.substr(0, equals)] = line.substr(equals + 1);
}

postgres_cluster::~postgres_cluster()
{
    try
    {
        static_cast<void>(output_of(script + " remove " + directory_));
    }
    catch (const std::exception& problem)
    {
        std::fprintf(stderr, "%s\n", problem.what());
    }
}

std::string postgres_cluster::value(std::string_view name) const
{
    const auto place = values_.find(name);
    return place == values_.end() ? std::string() : place->second;
}

std::string postgres_cluster::superuser_password() const
{
    std::ifstream file(value("PGPASSFILE"));
    std::string line;
    std::getline(file, line);
    return line.substr(line.rfind(':') + 1);
}

postgres::connection_flags postgres_cluster::fresh_database()
{
    postgres::connection_flags flags;
    flags.host = value("PGHOST");
    flags.port = value("PGPORT");
    flags.user = value("PGUSER");
    flags.name = value("PGDATABASE");
    sql_client maintenance(flags);
    const auto name = "test_" + std::to_string(++databases_);
    maintenance.exec("CREATE DATABASE " + name);
    flags.name = name;
    return flags;
}

postgres::connection_flags postgres_cluster::over_tcp(postgres::connection_flags flags) const
{
    flags.host = "127.0.0.1";
    flags.password = superuser_password();
    return flags;
}

bool pgbouncer::installed()
{
    return std::filesystem::exists("/usr/sbin/pgbouncer");
}

namespace
{

/// From 1.21 on it can follow prepared statements; the setting that forbids it is unknown before.
bool pgbouncer_follows_statements()
{
    std::array<char, 64> line{};
    FILE* const out = popen("/usr/sbin/pgbouncer --version", "r");
    if (out == nullptr)
        return false;
    const bool read = std::fgets(line.data(), static_cast<int>(line.size()), out) != nullptr;
    pclose(out);
    int major = 0, minor = 0;
    return read && std::sscanf(line.data(), "PgBouncer %d.%d", &major, &minor) == 2 && (major > 1 || minor >= 21);
}

}  // namespace

pgbouncer::pgbouncer(const postgres_cluster& to, int server_sessions)
    : directory_(temporary_directory("/tmp/bazaard-test-bouncer.XXXXXX")), port_(free_port())
{
    const auto config = directory_ + "/pgbouncer.ini";
    std::ofstream(config) << "[databases]\n* = host=127.0.0.1 port=" << to.value("PGPORT")
                          << " user=" << to.value("PGUSER") << " password=" << to.superuser_password()
                          << "\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=" << port_
                          << "\nunix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size="
                          << server_sessions << "\nlogfile=" << directory_
                          << "/log\nserver_idle_timeout=5\nserver_login_retry=1\n"
                          << (pgbouncer_follows_statements() ? "max_prepared_statements=0\n" : "");
    chmod(directory_.c_str(), 0755);
    // It refuses to be root, and keeps nothing secret that outlives this program.
    const passwd* nobody = getuid() == 0 ? getpwnam("nobody") : nullptr;
    if (nobody != nullptr && chown(directory_.c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
        throw std::runtime_error("cannot give the directory of PgBouncer away");
    process_ = fork();
    if (process_ == 0)
    {
        if (nobody != nullptr && (setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
            _exit(126);
        execl("/usr/sbin/pgbouncer", "pgbouncer", "-q", config.c_str(), static_cast<char*>(nullptr));
        _exit(127);
    }
    for (int tries = 0; !listening(port_); ++tries)
    {
        if (tries == 500 || waitpid(process_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("PgBouncer did not start: see " + directory_ + "/log");
        static_cast<void>(poll(nullptr, 0, 20));
    }
}

pgbouncer::~pgbouncer()
{
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

postgres::connection_flags pgbouncer::before(const postgres::connection_flags& flags) const
{
    auto through = flags;
    through.host = "127.0.0.1";
    through.port = std::to_string(port_);
    through.password = "any";
    return through;
}

}  // namespace bazaar::test

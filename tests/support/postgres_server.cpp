#include "support/postgres_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include "bazaar/base/random.hpp"
#include "support/contents.hpp"
#include "support/places.hpp"
#include "support/query.hpp"

namespace bazaar::test
{
namespace
{

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr const char* role = "bazaar";

[[noreturn]] void fail(const std::string& what)
{
    throw std::runtime_error(what);
}

void write_file(const std::string& path, const std::string& text)
{
    if (!(std::ofstream(path) << text << std::flush))
        fail("cannot write " + path);
}

std::string temporary_directory(std::string pattern)
{
    if (mkdtemp(pattern.data()) == nullptr)
        fail("cannot make a temporary directory");
    return fs::canonical(pattern);
}

/// Who runs servers: nobody else where this process is not root.
const passwd* owner()
{
    if (getuid() != 0)
        return nullptr;
    if (const passwd* found = getpwnam("postgres"); found != nullptr)
        return found;
    return getpwnam("nobody");
}

void give_away(const std::string& path)
{
    if (const passwd* to = owner(); to != nullptr && chown(path.c_str(), to->pw_uid, to->pw_gid) != 0)
        fail("cannot give " + path + " away");
}

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> made;
    for (auto& text : texts)
        made.push_back(text.data());
    made.push_back(nullptr);
    return made;
}

/// A process of the owner, in a session of its own so that a Ctrl-C does not reach it, with nothing of our environment.
pid_t spawn(std::vector<std::string> words, const std::map<std::string, std::string>& environment,
            const std::string& log, int input = -1, bool as_owner = true)
{
    std::vector<std::string> settings{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8"};
    for (const auto& [name, value] : environment)
        settings.push_back(name + '=' + value);
    auto argv = pointers(words);
    auto envp = pointers(settings);
    const passwd* to = as_owner ? owner() : nullptr;
    const pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child > 0)
        return child;
    // Only calls that are safe between fork and exec.
    setsid();
    dup2(input >= 0 ? input : open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    // A server must not keep what the test has open.
    close_range(3, ~0U, 0);
    if (to != nullptr && (setgroups(0, nullptr) != 0 || setgid(to->pw_gid) != 0 || setuid(to->pw_uid) != 0))
        _exit(126);
    if (chdir("/") == 0)
        execvpe(argv[0], argv.data(), envp.data());
    _exit(127);
}

void run_as_owner(std::vector<std::string> words, const std::string& log)
{
    const auto name = words.front();
    int status = 0;
    waitpid(spawn(std::move(words), {}, log), &status, 0);
    if (status != 0)
        fail(name + " failed: " + contents(log));
}

std::string server_programs()
{
    if (const char* given = std::getenv("BAZAARD_PG_BIN"); given != nullptr && *given != '\0')
        return given;
    std::string newest;
    int highest = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none))
    {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > highest && fs::exists(entry.path() / "bin/initdb"))
        {
            highest = version;
            newest = entry.path() / "bin";
        }
    }
    if (newest.empty())
        fail("no PostgreSQL server found; install postgresql or set BAZAARD_PG_BIN");
    return newest;
}

/// Below the range of outgoing connections: a client that dials a dead port of that range may meet itself there, and
/// then the port is taken.
int quiet_port()
{
    std::random_device random;
    for (int tries = 0; tries < 1000; ++tries)
    {
        const int port = 20000 + static_cast<int>(random() % 12000);
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        close(fd);
        if (free)
            return port;
    }
    fail("no free port");
}

template <typename Question>
bool within(postgres_server::milliseconds limit, Question question)
{
    const auto end = clock::now() + limit;
    while (!question())
    {
        if (clock::now() >= end)
            return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

std::string literal(std::string_view text)
{
    std::string made = "'";
    for (const char c : text)
        made.append(c == '\'' ? 2 : 1, c);
    return made + "'";
}

}  // namespace

// ---- clean_up

clean_up::clean_up(std::vector<std::string> words)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe2");
    words.insert(words.begin(), test::source_dir() + "/tests/support/clean-up");
    process_ = spawn(std::move(words), {}, "/dev/null", ends[0], false);
    close(ends[0]);
    pipe_ = ends[1];
}

clean_up::~clean_up()
{
    close(pipe_);
    waitpid(process_, nullptr, 0);
}

// ---- postgres_server: made and gone

postgres_server::postgres_server(options how) : postgres_server(std::move(how), nullptr) {}

postgres_server::postgres_server(options how, const postgres_server* primary)
    : options_(std::move(how)), primary_(primary)
{
    // The environment of whoever runs the tests must not reach them.
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGPASSFILE",
                             "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "PGSSLMODE"})
        unsetenv(name);
    bin_ = server_programs();
    directory_ = temporary_directory("/tmp/bazaard-test-server.XXXXXX");
    give_away(directory_);
    clean_up_.emplace(std::vector<std::string>{"server", directory_});
    port_ = quiet_port();
    if (primary_ == nullptr)
        make_data();
    else
        copy_data();
    configure();
    start();
}

postgres_server::~postgres_server()
{
    clean_up_.reset();
    if (child_ > 0)
        waitpid(child_, nullptr, 0);
}

void postgres_server::make_data()
{
    std::random_device random;
    for (int i = 0; i < 16; ++i)
        password_ += "0123456789abcdef"[random() % 16];
    const auto secret = directory_ + "/password";
    write_file(secret, password_ + "\n");
    std::vector<std::string> words{
        program("initdb"),           "--no-sync",
        "--pgdata=" + data(),        "--username=" + std::string(role),
        "--pwfile=" + secret,        "--encoding=UTF8",
        "--locale=C.UTF-8",          "--auth-local=trust",
        "--auth-host=scram-sha-256", "--wal-segsize=" + std::to_string(options_.wal_segment_mb)};
    if (!options_.wal_directory.empty())
        words.push_back("--waldir=" + options_.wal_directory);
    run_as_owner(std::move(words), directory_ + "/made");
    std::ofstream(data() + "/postgresql.conf", std::ios::app) << "include '../settings'\n";
}

void postgres_server::copy_data()
{
    password_ = primary_->password_;
    run_as_owner({program("pg_basebackup"), "--no-sync", "--pgdata=" + data(), "--host=" + primary_->directory_,
                  "--port=" + std::to_string(primary_->port_), "--username=" + std::string(role),
                  "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"},
                 directory_ + "/made");
}

void postgres_server::configure() const
{
    std::map<std::string, std::string> all{{"listen_addresses", "127.0.0.1"},
                                           {"port", std::to_string(port_)},
                                           {"unix_socket_directories", directory_},
                                           {"fsync", options_.fsync ? "on" : "off"},
                                           {"wal_level", "logical"},
                                           {"max_connections", "60"},
                                           {"shared_buffers", "32MB"},
                                           {"dynamic_shared_memory_type", "mmap"},
                                           {"timezone", "UTC"},
                                           {"log_timezone", "UTC"},
                                           {"log_line_prefix", "%m [%p] %q%u@%d/%a "}};
    for (const auto& [name, value] : options_.settings)
        all[name] = value;
    std::string text;
    for (const auto& [name, value] : all)
        text += name + " = " + literal(value) + "\n";
    write_file(directory_ + "/settings", text);
}

// ---- postgres_server: life and death

std::vector<pid_t> postgres_server::processes() const
{
    std::vector<pid_t> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/proc", none))
    {
        const auto name = entry.path().filename().string();
        pid_t process = 0;
        const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), process);
        std::error_code gone;
        if (problem == std::errc{} && *end == '\0' && fs::read_symlink(entry.path() / "cwd", gone) == data())
            found.push_back(process);
    }
    return found;
}

std::optional<pid_t> postgres_server::postmaster() const
{
    // Its number can belong to another process by now.
    const pid_t process = std::atoi(contents(data() + "/postmaster.pid").c_str());
    const auto all = processes();
    if (process <= 0 || std::find(all.begin(), all.end(), process) == all.end())
        return std::nullopt;
    return process;
}

void postgres_server::launch()
{
    auto words = options_.wrapper;
    words.insert(words.end(), {program("postgres"), "-D", data()});
    child_ = spawn(std::move(words), options_.environment, directory_ + "/log");
}

void postgres_server::start(milliseconds limit)
{
    if (!ended(limit))
        fail("the server is still running");
    paused_.clear();
    launch();
    const auto up = [&]
    {
        if (waitpid(child_, nullptr, WNOHANG) != 0)
        {
            child_ = -1;
            fail("PostgreSQL did not start: " + complaint());
        }
        try
        {
            const sql_client probe(socket_flags());
            return true;
        }
        catch (const sql_failure&)
        {
            return false;
        }
    };
    if (!within(limit, up))
        fail("PostgreSQL takes no sessions: " + complaint());
}

bool postgres_server::ended(milliseconds limit)
{
    const auto gone = [this]
    {
        if (child_ > 0 && waitpid(child_, nullptr, WNOHANG) != 0)
            child_ = -1;
        return child_ < 0 && !running();
    };
    return within(limit, gone);
}

bool postgres_server::stop(stop_mode mode, milliseconds limit)
{
    const auto process = postmaster();
    if (!process)
        return ended(limit);
    const int signals[] = {SIGTERM, SIGINT, SIGQUIT};
    kill(*process, signals[static_cast<int>(mode)]);
    return ended(limit);
}

void postgres_server::kill_hard()
{
    // The postmaster first: it would answer the death of a child with a recovery.
    if (const auto process = postmaster())
        kill(*process, SIGKILL);
    const auto none_left = [this]
    {
        for (const pid_t process : processes())
            kill(process, SIGKILL);
        return ended(0ms);
    };
    if (!within(10s, none_left))
        fail("a process of the server survives SIGKILL");
    paused_.clear();
}

void postgres_server::move_to_another_port()
{
    if (!stop(stop_mode::fast))
        fail("the server does not stop");
    for (const int old = port_; port_ == old;)
        port_ = quiet_port();
    configure();
    start();
}

std::string postgres_server::log() const
{
    return contents(directory_ + "/log");
}

int postgres_server::logged(std::string_view text) const
{
    const auto all = log();
    int times = 0;
    for (std::size_t at = 0; (at = all.find(text, at)) != all.npos; at += text.size())
        ++times;
    return times;
}

std::string postgres_server::complaint() const
{
    const auto all = log();
    return all.substr(all.size() > 2000 ? all.size() - 2000 : 0);
}

// ---- postgres_server: settings and sessions

void postgres_server::set(std::string_view name, std::string_view value)
{
    if (running())
    {
        superuser().exec("ALTER SYSTEM SET " + std::string(name) + " = " + literal(value));
        return;
    }
    std::ofstream(data() + "/postgresql.auto.conf", std::ios::app) << name << " = " << literal(value) << '\n';
}

void postgres_server::reload()
{
    // Only a new session shows what the postmaster has read.
    const auto loaded = [this]
    {
        auto link = superuser();
        return one(link, "SELECT pg_conf_load_time()");
    };
    const auto before = loaded();
    superuser().exec("SELECT pg_reload_conf()");
    if (!within(10s, [&] { return loaded() != before; }))
        fail("the server does not reload its settings");
}

postgres::connection_flags postgres_server::flags(std::string_view database) const
{
    auto made = socket_flags(database);
    made.host = "127.0.0.1";
    made.password = password_;
    return made;
}

postgres::connection_flags postgres_server::socket_flags(std::string_view database) const
{
    postgres::connection_flags made;
    made.host = directory_;
    made.port = std::to_string(port_);
    made.user = role;
    made.name = std::string(database);
    return made;
}

sql_client postgres_server::superuser(std::string_view database) const
{
    return sql_client(socket_flags(database), "public");
}

postgres::connection_flags postgres_server::fresh_database()
{
    const auto name = "test_" + std::to_string(++databases_);
    superuser().exec("CREATE DATABASE " + name);
    return flags(name);
}

// ---- postgres_server: the daemon's sessions

std::vector<pid_t> postgres_server::backends() const
{
    return backends("true");
}

std::vector<pid_t> postgres_server::backends(std::string_view condition) const
{
    auto link = superuser();
    const auto found = link.exec("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bazaard%' AND (" +
                                 std::string(condition) + ") ORDER BY backend_start, pid");
    std::vector<pid_t> all;
    for (int row = 0; row < found.rows(); ++row)
        all.push_back(static_cast<pid_t>(found.number(row, 0)));
    return all;
}

std::optional<pid_t> postgres_server::terminate_random_backend(std::uint64_t seed)
{
    const auto all = backends();
    if (all.empty())
        return std::nullopt;
    const auto chosen = all[mix(seed) % all.size()];
    superuser().exec("SELECT pg_terminate_backend(" + std::to_string(chosen) + ")");
    return chosen;
}

void postgres_server::pause_backends(const std::vector<pid_t>& which)
{
    for (const pid_t process : which)
    {
        kill(process, SIGSTOP);
        paused_.push_back(process);
    }
}

void postgres_server::resume()
{
    for (const pid_t process : paused_)
        kill(process, SIGCONT);
    paused_.clear();
}

// ---- postgres_server: standby

std::unique_ptr<postgres_server> postgres_server::make_standby()
{
    auto how = options_;
    how.wal_directory.clear();
    return std::unique_ptr<postgres_server>(new postgres_server(std::move(how), this));
}

void postgres_server::pause_receiving()
{
    // Paused replay would not do: a promotion replays first all that has arrived.
    set("primary_conninfo", "");
    reload();
    auto link = superuser();
    if (!within(10s, [&] { return one(link, "SELECT count(*) FROM pg_stat_wal_receiver") == "0"; }))
        fail("the standby goes on receiving");
}

void postgres_server::resume_receiving()
{
    set("primary_conninfo",
        "host=" + primary_->directory_ + " port=" + std::to_string(primary_->port_) + " user=" + std::string(role));
    reload();
}

void postgres_server::wait_for_catch_up(milliseconds limit)
{
    auto there = primary_->superuser();
    const auto goal = one(there, "SELECT pg_current_wal_flush_lsn()");
    auto here = superuser();
    if (!within(limit, [&] { return one(here, "SELECT pg_last_wal_replay_lsn() >= '" + goal + "'") == "t"; }))
        fail("the standby does not catch up");
}

void postgres_server::promote()
{
    auto link = superuser();
    if (one(link, "SELECT pg_promote(true, 60)") != "t")
        fail("the standby does not become a primary: " + complaint());
    primary_ = nullptr;
}

// ---- fake_clock

namespace
{

std::string faketime_library()
{
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/usr/lib", none))
        if (const auto path = entry.path() / "faketime/libfaketime.so.1"; fs::exists(path, none))
            return path;
    return {};
}

}  // namespace

bool fake_clock::installed()
{
    return !faketime_library().empty();
}

fake_clock::fake_clock() : path_(temporary_directory("/tmp/bazaard-test-clock.XXXXXX"))
{
    chmod(path_.c_str(), 0755);
    offset(0s);
}

fake_clock::~fake_clock()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void fake_clock::offset(std::chrono::seconds by)
{
    // Whole or not at all: it is read at every look at the clock.
    write_file(path_ + "/new", (by.count() < 0 ? "" : "+") + std::to_string(by.count()) + "\n");
    fs::rename(path_ + "/new", path_ + "/offset");
}

std::map<std::string, std::string> fake_clock::environment() const
{
    return {{"LD_PRELOAD", faketime_library()},
            {"FAKETIME_TIMESTAMP_FILE", path_ + "/offset"},
            {"FAKETIME_NO_CACHE", "1"},
            {"DONT_FAKE_MONOTONIC", "1"},
            {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
}

// ---- small_disk

namespace
{

/// Empty when it is done, else why not.
std::string mount_memory(const std::string& at, int megabytes)
{
    const auto how = "mode=0755,size=" + std::to_string(megabytes) + "m";
    if (mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, how.c_str()) == 0)
        return {};
    return std::string("cannot mount a tmpfs: ") + std::strerror(errno);
}

}  // namespace

std::string small_disk::obstacle()
{
    if (getuid() != 0)
        return "only root can mount a tmpfs";
    const auto at = temporary_directory("/tmp/bazaard-test-disk.XXXXXX");
    auto why = mount_memory(at, 1);
    if (why.empty())
        umount2(at.c_str(), MNT_DETACH);
    rmdir(at.c_str());
    return why;
}

small_disk::small_disk(int megabytes) : path_(temporary_directory("/tmp/bazaard-test-disk.XXXXXX"))
{
    clean_up_.emplace(std::vector<std::string>{"disk", path_});
    if (const auto why = mount_memory(path_, megabytes); !why.empty())
        fail(why);
}

small_disk::~small_disk() = default;

std::string small_disk::make_directory(std::string_view name) const
{
    const auto made = path_ + "/" + std::string(name);
    if (mkdir(made.c_str(), 0700) != 0)
        fail("cannot make " + made);
    give_away(made);
    return made;
}

void small_disk::fill()
{
    const int file = open((path_ + "/ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string piece(4096, '\0');
    while (write(file, piece.data(), piece.size()) > 0)
    {
    }
    const bool full = errno == ENOSPC;
    close(file);
    if (!full)
        fail("cannot fill " + path_);
}

void small_disk::free()
{
    unlink((path_ + "/ballast").c_str());
}

}  // namespace bazaar::test

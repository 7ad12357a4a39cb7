#include "bazaar/postgres/session.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/password.hpp"
#include "bazaar/postgres/secret.hpp"
#include "postgres/connect_failure.hpp"

namespace bazaar::postgres
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr int version_min = 140000;

/// Settings of the session. They go with the start-up packet: SET after the connect would cost a round trip
/// and would not hold behind a pooler either. lock_timeout < statement_timeout < our own deadline, so that
/// the server gives up first.
constexpr std::string_view start_options =
    "-c search_path= -c row_security=off -c lock_timeout=2s -c statement_timeout=8s -c "
    "idle_in_transaction_session_timeout=10s "
    "-c default_transaction_isolation=read\\ committed -c timezone=UTC -c datestyle=ISO -c "
    "client_min_messages=warning -c idle_session_timeout=0 -c jit=off";

/// What texts look like, what our statements mean and how our functions are compiled: neither the server, the database, the
/// role nor the user's own options have a say in it.
constexpr std::string_view fixed_options =
    " -c quote_all_identifiers=off -c standard_conforming_strings=on -c backslash_quote=safe_encoding -c "
    "bytea_output=hex -c extra_float_digits=1 -c intervalstyle=postgres -c array_nulls=on -c transform_null_equals=off "
    "-c exit_on_error=off -c plpgsql.variable_conflict=error -c plpgsql.extra_errors=none -c "
    "plpgsql.extra_warnings=none";

/// How soon a waiting notices that it is cut.
constexpr std::int64_t slice_ms = 250;

/// Waits until the socket is ready, the deadline has passed, or the waiting is cut.
bool wait_for(int socket, short events, clock::time_point deadline, const std::stop_token& cut,
              const std::stop_token& or_cut)
{
    for (;;)
    {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0 || cut.stop_requested() || or_cut.stop_requested())
            return false;
        pollfd one{socket, events, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, slice_ms)));
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return true;  // libpq's next call says what is wrong.
    }
}

bool readable_now(int socket)
{
    pollfd one{socket, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0;
}

std::string field(const PGresult* answer, int code)
{
    const char* text = PQresultErrorField(answer, code);
    return text == nullptr ? std::string() : one_line(text);
}

std::array<char, 6> sqlstate(std::string_view text)
{
    std::array<char, 6> state{};
    text.substr(0, 5).copy(state.data(), 5);
    return state;
}

void silent(void*, const PGresult*) {}

/// Keywords and values as libpq wants them; a user's own `options` win over ours, but for those that are fixed.
class connect_words
{
public:
    connect_words(const connection_parameters& to, bool with_options) : words_(to.words)
    {
        if (to.password_file)
            words_.emplace_back("password", read_password(*to.password_file));
        if (with_options)
        {
            std::string options(start_options);
            const char* inherited = std::getenv("PGOPTIONS");
            const auto given = to.find("options");
            if (!given.empty() || inherited != nullptr)
                options.append(" ").append(!given.empty() ? given : std::string_view(inherited));
            options.append(fixed_options);
            std::erase_if(words_, [](const auto& word) { return word.first == "options"; });
            words_.emplace_back("options", std::move(options));
        }
        for (const auto& [keyword, value] : words_)
        {
            keywords_.push_back(keyword.c_str());
            values_.push_back(value.c_str());
        }
        keywords_.push_back(nullptr);
        values_.push_back(nullptr);
    }

    /// Whether a setting is asked for, by whoever it is.
    [[nodiscard]] bool asks_for(std::string_view setting) const
    {
        const auto all = std::ranges::find(words_, "options", &std::pair<std::string, std::string>::first);
        return all != words_.end() && all->second.find(setting) != std::string::npos;
    }

    [[nodiscard]] const char* const* keywords() const { return keywords_.data(); }
    [[nodiscard]] const char* const* values() const { return values_.data(); }

private:
    std::vector<std::pair<std::string, std::string>> words_;
    std::vector<const char*> keywords_;
    std::vector<const char*> values_;
};

/// What a failed connect was. An option that cannot be fails before anything is tried, and so does the ping then: it never
/// waits.
failure failure_of(PGconn* raw, const connect_words& words, bool at_once)
{
    const bool never_tried = at_once && PQpingParams(words.keywords(), words.values(), 0) == PQPING_NO_ATTEMPT;
    auto what = connect_failure(PQerrorMessage(raw), PQconnectionNeedsPassword(raw) != 0, never_tried);
    // A library that nobody but the options names is no trouble of the server.
    if (what.state() == "58P01" && words.asks_for("preload_libraries"))
        what.sqlstate = sqlstate("22023");
    return what;
}

/// Whoever has asked for settings of the session, for people; libpq sends the values of some variables.
std::string askers_of_settings(const connection_parameters& to)
{
    std::string all;
    const auto add = [&](std::string_view name) { all.append(all.empty() ? "" : ", ").append(name); };
    if (!to.find("options").empty())
        add("options of --db-url");
    else if (const char* value = std::getenv("PGOPTIONS"); value != nullptr && *value != '\0')
        add("PGOPTIONS");
    for (const char* name : {"PGTZ", "PGDATESTYLE", "PGGEQO"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
            add(name);
    return all;
}

/// A setting that the server refuses at the connect.
bool is_refused_setting(const failure& what)
{
    const auto state = what.state();
    return what.at == phase::connect && !what.routine.starts_with("CheckMyDatabase") &&
           (state.starts_with("22") || state.starts_with("42") || state == "55P02");
}

bool options_unsupported(const failure& what)
{
    return what.message.find("unsupported startup parameter") != what.message.npos &&
           what.message.find("options") != what.message.npos;
}

failure server_failure(const PGresult* answer, phase at)
{
    failure what{.at = at};
    what.sqlstate = sqlstate(field(answer, PG_DIAG_SQLSTATE));
    what.severity = field(answer, PG_DIAG_SEVERITY_NONLOCALIZED);
    what.message = field(answer, PG_DIAG_MESSAGE_PRIMARY);
    if (what.message.empty())
        what.message = one_line(PQresultErrorMessage(answer));
    if (const auto detail = field(answer, PG_DIAG_MESSAGE_DETAIL); !detail.empty())
        what.message += " (" + detail + ")";
    what.schema = field(answer, PG_DIAG_SCHEMA_NAME);
    what.table = field(answer, PG_DIAG_TABLE_NAME);
    what.constraint = field(answer, PG_DIAG_CONSTRAINT_NAME);
    what.column = field(answer, PG_DIAG_COLUMN_NAME);
    what.routine = field(answer, PG_DIAG_SOURCE_FUNCTION);
    what.context = field(answer, PG_DIAG_CONTEXT);
    return what;
}

/// libpq opens these by itself, and waits for a pipe that nobody writes to.
void check_files(const connection_parameters& to)
{
    constexpr std::array<std::pair<const char*, const char*>, 4> files{
        {{"sslrootcert", "PGSSLROOTCERT"}, {"sslcert", "PGSSLCERT"}, {"sslkey", "PGSSLKEY"}, {"sslcrl", "PGSSLCRL"}}};
    for (const auto& [keyword, variable] : files)
    {
        const char* inherited = std::getenv(variable);
        std::string path(to.find(keyword));
        if (path.empty() && inherited != nullptr)
            path = inherited;
        if (const auto odd = io::odd_type(path); !odd.empty() && path != "/dev/null")
            throw error(error_kind::no_input, std::string(keyword) + " " + path + ": cannot be read: " + odd);
    }
}

/// What libpq found in its service file and would show, before it does.
void check_names(const PGconn* raw)
{
    for (const auto& [what, name] :
         {std::pair("database", PQdb(raw)), std::pair("role", PQuser(raw)), std::pair("host", PQhost(raw))})
        if (name != nullptr && secrecy_of(name) != secrecy::none)
            throw error(error_kind::config,
                        std::string("the name of the ") + what +
                            " in the service file or the environment is a connection string, or has a "
                            "password: it must be a name");
}

std::string quoted(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

}  // namespace

std::string read_password(const std::string& path)
{
    // Where somebody has given the password instead of its file, the name must not be repeated.
    std::error_code too_long;
    const bool is_path = path.find_first_of("/.") != path.npos || std::filesystem::exists(path, too_long);
    const auto who = is_path ? "the password file " + path : "the password file that was named";
    try
    {
        return io::read_secret(path, who);
    }
    catch (const error& problem)
    {
        if (problem.kind() != error_kind::no_input)
            throw;
        auto why = std::string_view(problem.what());
        why.remove_prefix(why.rfind(": ") + 2);
        throw error(error_kind::no_input, "cannot read " + who + ": " + std::string(why));
    }
}

// ---- result

void result::clear::operator()(pg_result* raw) const noexcept
{
    PQclear(raw);
}

int result::rows() const noexcept
{
    return PQntuples(raw_.get());
}

int result::columns() const noexcept
{
    return PQnfields(raw_.get());
}

bool result::null(int row, int column) const noexcept
{
    return PQgetisnull(raw_.get(), row, column) != 0;
}

std::string_view result::get(int row, int column) const noexcept
{
    const char* value = PQgetvalue(raw_.get(), row, column);
    return value == nullptr ? std::string_view()
                            : std::string_view(value, static_cast<std::size_t>(PQgetlength(raw_.get(), row, column)));
}

std::int64_t result::number(int row, int column) const
{
    const auto text = get(row, column);
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    expect(problem == std::errc{} && end == text.data() + text.size(), "the server's answer is a number");
    return value;
}

std::string_view result::tag() const noexcept
{
    return raw_ == nullptr ? std::string_view() : std::string_view(PQcmdStatus(raw_.get()));
}

// ---- session

void session::finish::operator()(pg_conn* raw) const noexcept
{
    PQfinish(raw);
}

void session::free_piece::operator()(char* piece) const noexcept
{
    PQfreemem(piece);
}

session::~session() = default;
session::session(session&&) noexcept = default;
session& session::operator=(session&&) noexcept = default;

session::session(const connection_parameters& to, options opts) : options_(opts), where_(describe(to))
{
    connect(to);
}

void session::connect(const connection_parameters& to)
{
    const auto deadline = clock::now() + options_.connect_deadline;
    check_files(to);
    for (const bool with_options : {true, false})
    {
        const connect_words words(to, with_options);
        raw_.reset(PQconnectStartParams(words.keywords(), words.values(), 0));
        if (raw_ == nullptr)
            throw error(error_kind::os, "no memory for a database connection");
        check_names(raw_.get());
        PQsetErrorVerbosity(raw_.get(), PQERRORS_VERBOSE);
        PQsetNoticeReceiver(raw_.get(), silent, nullptr);

        auto state = PQstatus(raw_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
        const bool at_once = state == PGRES_POLLING_FAILED;
        bool late = false;
        while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED && !late)
        {
            late = !wait_for(PQsocket(raw_.get()), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline,
                             options_.cut, options_.opening_cut);
            if (!late)
                state = PQconnectPoll(raw_.get());
        }
        user_ = PQuser(raw_.get()) == nullptr ? std::string() : PQuser(raw_.get());
        if (user_.empty())
            user_ = to.find("user");
        if (state == PGRES_POLLING_OK)
            break;

        failure what{.at = phase::connect, .link_lost = true, .message = "no answer in time"};
        if (!late)
            what = failure_of(raw_.get(), words, at_once);
        if (with_options && options_unsupported(what))
        {
            pooled_ = true;
            continue;
        }
        raw_.reset();
        auto line = explain(what, where_, user_);
        if (const auto who = askers_of_settings(to); is_refused_setting(what) && !who.empty())
            line += "; the settings of the session come from " + who;
        throw query_error(std::move(what), line);
    }
    PQsetErrorVerbosity(raw_.get(), PQERRORS_DEFAULT);
    PQsetnonblocking(raw_.get(), 1);
    where_ = user_ + '@' + PQhost(raw_.get()) + ':' + PQport(raw_.get()) + '/' + PQdb(raw_.get());
    if (const int version = server_version(); version < version_min)
    {
        const char* text = PQparameterStatus(raw_.get(), "server_version");
        raw_.reset();
        throw error(error_kind::config, "the server at " + where_ + " is PostgreSQL " +
                                            (text == nullptr ? std::to_string(version / 10000) : std::string(text)) +
                                            "; bazaard needs 14 or later");
    }
}

bool session::alive() const noexcept
{
    return raw_ != nullptr;
}

bool session::idle() const noexcept
{
    return raw_ != nullptr && PQtransactionStatus(raw_.get()) == PQTRANS_IDLE;
}

int session::backend() const noexcept
{
    return raw_ == nullptr ? 0 : PQbackendPID(raw_.get());
}

int session::server_version() const noexcept
{
    return PQserverVersion(raw_.get());
}

std::string session::server_encoding() const
{
    const char* text = raw_ == nullptr ? nullptr : PQparameterStatus(raw_.get(), "server_encoding");
    return text == nullptr ? std::string() : text;
}

std::string session::tls() const
{
    if (raw_ == nullptr || PQsslInUse(raw_.get()) == 0)
        return {};
    const char* protocol = PQsslAttribute(raw_.get(), "protocol");
    return protocol == nullptr ? "TLS" : protocol;
}

void session::close() noexcept
{
    raw_.reset();
}

failure session::lost(phase at, std::string message)
{
    raw_.reset();
    failure what{.at = at, .link_lost = true};
    what.message = std::move(message);
    return what;
}

/// Finds a link that broke while it was idle: nothing of the request is sent then, so there is no doubt about
/// it.
std::optional<failure> session::ready()
{
    if (raw_ == nullptr)
        return failure{.at = phase::send, .link_lost = true, .message = "not connected"};
    while (readable_now(PQsocket(raw_.get())))
    {
        if (PQconsumeInput(raw_.get()) == 0 || PQstatus(raw_.get()) == CONNECTION_BAD)
            return lost(phase::send, "the connection was closed while it was idle");
        static_cast<void>(PQisBusy(raw_.get()));  // Takes what came: notices, or the reason of a shutdown.
    }
    return std::nullopt;
}

/// Sends all that libpq still holds.
std::optional<failure> session::flush(phase at, clock::time_point deadline)
{
    for (int left = PQflush(raw_.get()); left != 0; left = PQflush(raw_.get()))
    {
        if (left < 0)
            return lost(at, one_line(PQerrorMessage(raw_.get())));
        if (!wait_for(PQsocket(raw_.get()), POLLIN | POLLOUT, deadline, options_.cut, options_.opening_cut))
            return lost(at, "no answer before our deadline");
        // A server that is itself blocked on its answer would never read the rest.
        if (PQconsumeInput(raw_.get()) == 0)
            return lost(at, one_line(PQerrorMessage(raw_.get())));
    }
    return std::nullopt;
}

/// Reads everything that a request brings. Success is known only with the server's last word, as a COMMIT may
/// still fail after the rows have come.
reply session::collect(phase at)
{
    const auto deadline = clock::now() + options_.call_deadline;
    const int socket = PQsocket(raw_.get());
    if (auto problem = flush(at, deadline))
        return {{}, std::move(problem)};
    reply answer;
    for (;;)
    {
        while (PQisBusy(raw_.get()) != 0)
        {
            if (!wait_for(socket, POLLIN, deadline, options_.cut, options_.opening_cut))
                return {{}, lost(at, "no answer before our deadline")};
            if (PQconsumeInput(raw_.get()) == 0)
                return {{}, lost(at, one_line(PQerrorMessage(raw_.get())))};
        }
        PGresult* raw = PQgetResult(raw_.get());
        if (raw == nullptr)
            break;
        result one(raw);
        switch (PQresultStatus(raw))
        {
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
            answer.failed = server_failure(raw, at);
            // What has no state is libpq's own word on a link that broke, or on an answer that it could not read.
            if (answer.failed->state().empty())
                return {{}, lost(at, answer.failed->message)};
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_BOTH:
        case PGRES_COPY_OUT:
            answer.value = std::move(one);
            return answer;
        default:
            answer.value = std::move(one);
        }
    }
    const bool fatal = answer.failed && (answer.failed->severity == "FATAL" || answer.failed->severity == "PANIC");
    if (fatal || PQstatus(raw_.get()) == CONNECTION_BAD)
    {
        if (!answer.failed)
            answer.failed = failure{.at = at};
        answer.failed->link_lost = true;
        raw_.reset();
    }
    return answer;
}

reply session::after_send(int sent, phase at)
{
    if (sent != 0)
        return collect(at);
    // libpq may have sent a part before it failed.
    if (PQstatus(raw_.get()) == CONNECTION_BAD)
        return {{}, lost(at, one_line(PQerrorMessage(raw_.get())))};
    broken("libpq takes the request: " + one_line(PQerrorMessage(raw_.get())));
}

reply session::try_exec(std::string_view sql)
{
    if (auto problem = ready())
        return {{}, std::move(problem)};
    return after_send(PQsendQuery(raw_.get(), std::string(sql).c_str()), phase::answer);
}

reply session::try_exec(std::string_view sql, std::span<const text_parameter> parameters)
{
    if (auto problem = ready())
        return {{}, std::move(problem)};
    std::vector<std::string> texts;
    std::vector<const char*> values;
    texts.reserve(parameters.size());
    for (const auto& parameter : parameters)
    {
        expect(!parameter || parameter->find('\0') == parameter->npos, "a text parameter holds no NUL");
        texts.emplace_back(parameter.value_or(std::string_view()));
        values.push_back(parameter ? texts.back().c_str() : nullptr);
    }
    return after_send(PQsendQueryParams(raw_.get(), std::string(sql).c_str(), static_cast<int>(values.size()), nullptr,
                                        values.data(), nullptr, nullptr, 0),
                      phase::answer);
}

reply session::try_prepare(const char* name, const char* sql, std::span<const unsigned> types)
{
    if (auto problem = ready())
        return {{}, std::move(problem)};
    return after_send(PQsendPrepare(raw_.get(), name, sql, static_cast<int>(types.size()), types.data()),
                      phase::prepare);
}

reply session::try_call_prepared(const char* name, const parameters& arguments)
{
    if (auto problem = ready())
        return {{}, std::move(problem)};
    return after_send(PQsendQueryPrepared(raw_.get(), name, arguments.count(), arguments.values(), arguments.lengths(),
                                          arguments.formats(), 1),
                      phase::answer);
}

reply session::try_call(const char* sql, const parameters& arguments)
{
    if (auto problem = ready())
        return {{}, std::move(problem)};
    return after_send(PQsendQueryParams(raw_.get(), sql, arguments.count(), arguments.types(), arguments.values(),
                                        arguments.lengths(), arguments.formats(), 1),
                      phase::answer);
}

result session::call(const char* sql, const parameters& arguments)
{
    return checked(try_call(sql, arguments));
}

result session::checked(reply&& answer) const
{
    if (answer.failed)
        raise(std::move(*answer.failed));
    return std::move(answer.value);
}

void session::raise(failure what) const
{
    const auto line = explain(what, where_, user_);
    throw query_error(std::move(what), line);
}

result session::exec(std::string_view sql)
{
    return checked(try_exec(sql));
}

result session::exec(std::string_view sql, std::span<const text_parameter> parameters)
{
    return checked(try_exec(sql, parameters));
}

void session::begin_copy(std::string_view sql)
{
    exec(sql);
    expect(PQtransactionStatus(raw_.get()) == PQTRANS_ACTIVE, "the statement is a COPY FROM STDIN");
}

void session::begin_stream(std::string_view sql)
{
    exec(sql);
    expect(PQtransactionStatus(raw_.get()) == PQTRANS_ACTIVE, "the statement is a START_REPLICATION");
}

void session::put_copy(std::string_view bytes)
{
    if (raw_ == nullptr)
        raise(failure{.at = phase::send, .link_lost = true, .message = "not connected"});
    const auto deadline = clock::now() + options_.call_deadline;
    constexpr std::size_t piece_max = 1 << 16;
    for (std::size_t at = 0; at < bytes.size(); at += piece_max)
    {
        const auto piece = bytes.substr(at, piece_max);
        // Without blocking, libpq takes any amount; sending it at once is what keeps its buffer small.
        if (PQputCopyData(raw_.get(), piece.data(), static_cast<int>(piece.size())) != 1)
            raise(lost(phase::answer, one_line(PQerrorMessage(raw_.get()))));
        if (auto problem = flush(phase::answer, deadline))
            raise(std::move(*problem));
    }
}

void session::end_copy()
{
    if (auto problem = ready())
        raise(std::move(*problem));
    if (PQputCopyEnd(raw_.get(), nullptr) != 1)
        raise(lost(phase::answer, one_line(PQerrorMessage(raw_.get()))));
    static_cast<void>(checked(collect(phase::answer)));
}

void session::begin_copy_out(std::string_view sql)
{
    exec(sql);
    expect(PQtransactionStatus(raw_.get()) == PQTRANS_ACTIVE, "the statement is a COPY TO STDOUT");
}

bool session::next_copy(std::string_view& piece)
{
    if (raw_ == nullptr)
        raise(failure{.at = phase::send, .link_lost = true, .message = "not connected"});
    std::optional<clock::time_point> deadline;
    for (;;)
    {
        char* bytes = nullptr;
        const int size = PQgetCopyData(raw_.get(), &bytes, 1);
        piece_.reset(bytes);
        if (size > 0)
        {
            piece = {bytes, static_cast<std::size_t>(size)};
            return true;
        }
        if (size == -2)
            raise(lost(phase::answer, one_line(PQerrorMessage(raw_.get()))));
        if (size == -1)
        {
            // The server's last word: an error may end the rows.
            static_cast<void>(checked(collect(phase::answer)));
            return false;
        }
        if (!deadline)
            deadline = clock::now() + options_.call_deadline;
        if (!wait_for(PQsocket(raw_.get()), POLLIN, *deadline, options_.cut, options_.opening_cut))
            raise(lost(phase::answer, "no answer before our deadline"));
        if (PQconsumeInput(raw_.get()) == 0)
            raise(lost(phase::answer, one_line(PQerrorMessage(raw_.get()))));
    }
}

std::string session::hashed_password(const std::string& role, const std::string& password)
{
    const auto method = exec("SHOW password_encryption").get(0, 0);
    const std::unique_ptr<char, free_piece> made(
        PQencryptPasswordConn(raw_.get(), password.c_str(), role.c_str(), std::string(method).c_str()));
    if (!made)
        throw error(error_kind::config, "the password cannot be hashed: " + one_line(PQerrorMessage(raw_.get())));
    return made.get();
}

// ---- messages

std::string_view remedy(const failure& what) noexcept
{
    struct row
    {
        std::string_view state;
        std::string_view text;
    };
    // The first row that fits counts, so whole codes stand before their class.
    static constexpr row rows[] = {
        {"53100", "; the disk of the server is full: make room on it, for instance by dropping a replication slot that "
                  "keeps the log"},
        {"53200", "; the server is out of memory: see its log, and what else it does"},
        {"53300", "; all connections are in use: end sessions that nobody needs, lower --workers, or raise "
                  "max_connections, or the CONNECTION LIMIT of role or database"},
        {"53400", "; a limit of the server's configuration is reached"},
        {"55000", "; where the database takes no connections: ALTER DATABASE name ALLOW_CONNECTIONS true"},
        {"57P01", "; an administrator ends sessions, or stops the server"},
        {"57P02", "; another server process has crashed: see the server's log"},
        {"57P03", "; the server is starting, stopping or recovering: it takes sessions when that is over"},
        {"57P05", "; by idle_session_timeout"},
        {"25P03", "; by idle_in_transaction_session_timeout"},
        {"25P04", "; by transaction_timeout, which has to be longer: ALTER ROLE name SET transaction_timeout = 0"},
        {"58P01", "; a file is missing on the server: where it is a library, see session_preload_libraries and "
                  "local_preload_libraries of role and database"},
        {"58", "; the server has trouble with its files: see its log"},
    };
    for (const auto& one : rows)
        if (what.state().starts_with(one.state))
            // Of an object in use, and many other things.
            return one.state == "55000" && what.at != phase::connect ? std::string_view() : one.text;
    return {};
}

std::string explain(const failure& what, std::string_view where, std::string_view user)
{
    const std::string at(where);
    const std::string state = what.state().empty() ? std::string() : " [" + std::string(what.state()) + ']';
    if (what.at == phase::connect)
    {
        const auto verdict = classify(what);
        const auto reason = ": " + what.message + state;
        if (what.state() == "28P01")
            return "the login of " + quoted(user) + " failed at " + at + reason +
                   "; give the right password with --db-password-file, PGPASSFILE or ~/.pgpass";
        if (verdict.kind == error_kind::permission && what.state().starts_with("28"))
            return quoted(user) + " may not log in at " + at + reason +
                   "; the role needs LOGIN, pg_hba.conf must let it in, and the TLS files must fit";
        if (verdict.kind == error_kind::permission && is_refused_setting(what))
            return quoted(user) + " may not connect with these settings at " + at + reason;
        if (verdict.kind == error_kind::permission)
            return quoted(user) + " may not connect at " + at + reason + "; grant it CONNECT on the database";
        if (what.state() == "3D000")
            return "the database does not exist at " + at + reason + "; create it, or name another with --db-name";
        if (verdict.kind == error_kind::config)
            return "the connection options for " + at + " are wrong" + reason;
        // What has a state was said by a server that runs.
        if (!what.state().empty())
            return "PostgreSQL is not available at " + at + reason + std::string(remedy(what));
        return "PostgreSQL is not available at " + at + reason +
               "; is it running, and are --db-host and --db-port right?";
    }
    if (what.state() == "42501")
        return "the role " + quoted(user) + " lacks a privilege at " + at + ": " + what.message + state;
    if (what.state() == "25006")
        return "the server at " + at + " is read-only (standby or default_transaction_read_only): " + what.message +
               state + "; name the primary with --db-host, or take the setting back (bazaard doctor says whose it is)";
    const std::string mend(remedy(what));
    if (what.link_lost)
        return "the connection to " + at +
               " was lost: " + (what.message.empty() ? "closed by the server" : what.message) + state + mend;
    return "the server at " + at + " refused: " + what.message + state + mend;
}

// ---- transaction

transaction::transaction(session& on, std::string_view begin) : session_(on)
{
    session_.exec(begin);
}

transaction::~transaction()
{
    // Without a word in a broken COPY the session cannot go on; closing it rolls back just as well.
    if (!open_ || !session_.alive())
        return;
    try
    {
        if (session_.try_exec("ROLLBACK").failed)
            session_.close();
    }
    catch (...)
    {
        session_.close();
    }
}

void transaction::commit()
{
    open_ = false;
    const auto answer = session_.exec("COMMIT");
    expect(answer.tag() == "COMMIT", "a transaction that is committed has not failed before");
}

}  // namespace bazaar::postgres

#include "bazaar/postgres/change_log.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/run/clock.hpp"

namespace bazaar::postgres
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr auto confirm_every = std::chrono::seconds(5);

/// Reads a message of the replication protocol, in network order.
/// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
class wire_reader
{
public:
    explicit wire_reader(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number(std::size_t size)
    {
        std::uint64_t made = 0;
        for (const char c : take(size))
            made = made << 8 | static_cast<unsigned char>(c);
        return made;
    }
    std::uint8_t number8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint32_t number32() { return static_cast<std::uint32_t>(number(4)); }
    char letter() { return take(1)[0]; }

    std::string_view name()
    {
        const auto end = left_.find('\0');
        if (end == left_.npos)
            broken();
        const auto made = take(end);
        take(1);
        return made;
    }

    std::string_view take(std::size_t size)
    {
        if (size > left_.size())
            broken();
        const auto made = left_.substr(0, size);
        left_.remove_prefix(size);
        return made;
    }

    [[nodiscard]] std::string_view rest() const noexcept { return left_; }

private:
    [[noreturn]] static void broken()
    {
        throw error(error_kind::temporary, "the server's change stream cannot be read: a message ends too early");
    }

    std::string_view left_;
};

connection_parameters for_replication(connection_parameters to)
{
    to.set("replication", "database");
    return to;
}

void append(std::string& to, std::uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        to += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

change_log::change_log(const connection_parameters& to, const std::string& publication, std::stop_token stop)
    : on_(for_replication(to), {.call_deadline = std::chrono::minutes(2), .cut = stop, .opening_cut = {}}),
      stop_(std::move(stop))
{
    const auto slot = fmt::format("bazaard_verify_{}_{}", ::getpid(), on_.backend());
    const auto made = on_.exec("CREATE_REPLICATION_SLOT " + quote_identifier(slot) +
                               " TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT");
    unsigned high = 0, low = 0;
    if (std::sscanf(std::string(made.get(0, 1)).c_str(), "%X/%X", &high, &low) == 2)
        passed_ = std::uint64_t{high} << 32 | low;
    on_.begin_stream("START_REPLICATION SLOT " + quote_identifier(slot) +
                     " LOGICAL 0/0 (proto_version '1', publication_names " +
                     quote_literal(quote_identifier(publication)) + ")");
    confirmed_at_ = clock::now();
}

bool change_log::receive(clock::time_point deadline, std::string& message)
{
    for (;;)
    {
        char* raw = nullptr;
        const int size = PQgetCopyData(on_.raw_.get(), &raw, 1);
        if (size > 0)
        {
            message.assign(raw, static_cast<std::size_t>(size));
            PQfreemem(raw);
            return true;
        }
        if (size < 0)
        {
            std::string why = PQerrorMessage(on_.raw_.get());
            // The stream's end has a reason of its own.
            if (PGresult* end = PQgetResult(on_.raw_.get()))
            {
                if (PQresultStatus(end) == PGRES_FATAL_ERROR)
                    why = PQresultErrorMessage(end);
                PQclear(end);
            }
            std::ranges::replace(why, '\n', ' ');
            throw error(error_kind::temporary, "the server's change stream has ended: " + why);
        }
        if (clock::now() - confirmed_at_ >= confirm_every)
            confirm();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0 || stop_.stop_requested())
            return false;
        pollfd one{PQsocket(on_.raw_.get()), POLLIN, 0};
        ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 250)));
        if (PQconsumeInput(on_.raw_.get()) == 0)
            throw error(error_kind::temporary,
                        std::string("the server's change stream has ended: ") + PQerrorMessage(on_.raw_.get()));
    }
}

/// Tells the server how far we are, so that it sends on and keeps nothing for us.
void change_log::confirm()
{
    constexpr std::int64_t epoch = 946'684'800'000'000;  // 2000-01-01, where PostgreSQL's clock begins.
    std::string message = "r";
    for (int i = 0; i < 3; ++i)
        append(message, passed_);
    append(message, static_cast<std::uint64_t>(run::machine_time().us - epoch));
    message += '\0';
    if (PQputCopyData(on_.raw_.get(), message.data(), static_cast<int>(message.size())) < 0 ||
        PQflush(on_.raw_.get()) < 0)
        throw error(error_kind::temporary,
                    std::string("the server's change stream has ended: ") + PQerrorMessage(on_.raw_.get()));
    confirmed_at_ = clock::now();
}

/// Reads a message; whether it is a change, which then is at the front.
bool change_log::decode(std::string_view message)
{
    wire_reader in(message);
    in.take(1);
    const auto at = in.number(8);
    in.take(16);
    auto& out = front_;
    const auto columns = [&](const relation& of, std::vector<logged_column>& row)
    {
        row.clear();
        const auto count = in.number(2);
        for (std::size_t i = 0; i < count; ++i)
        {
            logged_column c;
            c.name = i < of.columns.size() ? std::string_view(of.columns[i]) : std::string_view();
            const char form = in.letter();
            c.null = form == 'n';
            c.unchanged = form == 'u';
            if (form == 't' || form == 'b')
                c.text = in.take(in.number32());
            row.push_back(c);
        }
    };
    const char kind = in.letter();
    switch (kind)
    {
    case 'B':
        commit_lsn_ = in.number(8);
        in.take(8);
        transaction_ = in.number32();
        return false;
    case 'R':
    {
        auto& made = relations_[in.number32()];
        made.schema = in.name();
        made.table = in.name();
        in.take(1);
        made.columns.clear();
        for (auto count = in.number(2); count > 0; --count)
        {
            in.take(1);
            made.columns.emplace_back(in.name());
            in.take(8);
        }
        return false;
    }
    case 'I':
    case 'U':
    case 'D':
    {
        const auto& of = relations_[in.number32()];
        out.schema = of.schema;
        out.table = of.table;
        out.transaction = transaction_;
        out.lsn = at;
        out.commit_lsn = commit_lsn_;
        out.what = kind == 'I'   ? logged_change::kind::insert
                   : kind == 'U' ? logged_change::kind::update
                                 : logged_change::kind::erase;
        out.before.clear();
        out.after.clear();
        char side = in.letter();
        out.has_before = side == 'K' || side == 'O';
        out.key_only = side == 'K';
        if (out.has_before)
        {
            columns(of, out.before);
            side = kind == 'U' ? in.letter() : ' ';
        }
        if (side == 'N')
            columns(of, out.after);
        return true;
    }
    default:
        return false;
    }
}

bool change_log::fetch(clock::time_point deadline)
{
    std::string message;
    while (receive(deadline, message))
    {
        wire_reader in(message);
        const char kind = in.letter();
        if (kind == 'w')
        {
            in.take(24);
            if (in.rest().starts_with('C'))
            {
                in.take(10);
                passed_ = std::max(passed_, in.number(8));
            }
            kept_bytes_ += message.size();
            kept_.push_back(std::move(message));
            return true;
        }
        if (kind == 'k')
        {
            passed_ = std::max(passed_, in.number(8));
            in.take(8);
            if (in.number8() != 0)
                confirm();
            return true;
        }
    }
    return false;
}

const logged_change* change_log::front()
{
    while (!has_front_ && !kept_.empty())
    {
        has_front_ = decode(kept_.front());
        if (!has_front_)
            drop();
    }
    return has_front_ ? &front_ : nullptr;
}

void change_log::pop()
{
    has_front_ = false;
    drop();
}

void change_log::drop()
{
    kept_bytes_ -= kept_.front().size();
    kept_.pop_front();
}

std::uint64_t log_position(session& on)
{
    return static_cast<std::uint64_t>(on.exec("SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                                              "ELSE pg_current_wal_insert_lsn() END - "
                                              "'0/0'::pg_lsn)::bigint",
                                              {})
                                          .number(0, 0));
}

}  // namespace bazaar::postgres

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bazaar/base/error.hpp"

namespace bazaar::postgres
{

/// How far a request had come when it failed.
enum class phase : std::uint8_t
{
    connect,  ///< There was no session yet.
    prepare,  ///< Only a statement was being prepared: nothing can have been executed.
    send,     ///< The connection was found broken before a byte of the request was sent.
    answer,   ///< Sent, in part or in full.
};

/// Everything known about one failure. A broken connection has no SQLSTATE, whatever its text says.
struct failure
{
    phase at = phase::answer;
    bool link_lost = false;          ///< The connection is gone or was given up: no answer will come.
    std::array<char, 6> sqlstate{};  ///< Empty if the server gave none.
    std::string severity{};          ///< Not localised: ERROR, FATAL, PANIC; empty if the server gave none.
    std::string message{};           ///< The primary message of the server or of libpq; one line.
    std::string schema{};            ///< Names given by the server, or empty.
    std::string table{};
    std::string constraint{};
    std::string column{};
    std::string routine{};  ///< Function of the server's source that reports it.
    std::string context{};  ///< What the server was doing, the innermost first.

    [[nodiscard]] std::string_view state() const noexcept { return sqlstate.data(); }
};

/// What a failure means for the request.
enum class action : std::uint8_t
{
    transient,   ///< Nothing was done; the same request may succeed later.
    in_doubt,    ///< It may have been done: only a replay finds out.
    unprepared,  ///< Nothing was done; this connection does not keep prepared statements.
    stale,       ///< Nothing was done; the prepared statements of this session do not fit the schema any more.
    broken,      ///< Nothing was done, and the server reports an internal error, which may not occur again.
    mismatch,    ///< Our function found other rows than planned and rolled everything back.
    refused,     ///< Nothing was done, and the server will refuse this request again.
    permanent,   ///< No request of ours can succeed: the program has to stop, with `kind`.
};

struct verdict
{
    action what = action::permanent;
    error_kind kind = error_kind::internal;  ///< Kind of the error to throw, if any.
};

/// SQLSTATE that our functions raise when a row count is not as planned.
inline constexpr std::string_view wrong_count_state = "BZ001";

/// The only table of failures: first by phase, then by SQLSTATE, then by its class.
[[nodiscard]] verdict classify(const failure& what) noexcept;

/// An error from the server or the connection, with everything that is known about it.
class query_error : public error
{
public:
    query_error(failure what, const std::string& line) : error(classify(what).kind, line), failure_(std::move(what)) {}

    [[nodiscard]] const failure& cause() const noexcept { return failure_; }

private:
    failure failure_;
};

}  // namespace bazaar::postgres

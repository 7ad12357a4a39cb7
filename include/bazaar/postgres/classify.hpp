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
    send,     ///< The link was found broken before a byte of the request was sent.
    answer,   ///< Sent, in part or in full.
};

/// Everything known of one failure. A broken link has no SQLSTATE, whatever its text says.
struct failure
{
    phase at = phase::answer;
    bool link_lost = false;          ///< The connection is gone or was given up: no more answer will come.
    std::array<char, 6> sqlstate{};  ///< Empty where the server said none.
    std::string severity{};          ///< Not localised: ERROR, FATAL, PANIC; empty where the server said none.
    std::string message{};           ///< The server's primary message, or the link's; one line.
    std::string schema{};            ///< Names the server gave, else empty.
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
    in_doubt,    ///< It may have been done: only a replay tells.
    unprepared,  ///< Nothing was done; this connection does not keep prepared statements.
    stale,       ///< Nothing was done; what this session had prepared does not fit the schema any more.
    broken,      ///< Nothing was done, and the server says that it is broken: perhaps not the next time.
    mismatch,    ///< Our function found other rows than planned and undid everything.
    refused,     ///< Nothing was done, and the server will refuse this request again.
    permanent,   ///< No request of ours can succeed: the program has to stop, with `kind`.
};

struct verdict
{
    action what = action::permanent;
    error_kind kind = error_kind::internal;  ///< Of the error to throw, should there be one.
};

/// SQLSTATE that our functions raise when a row count is not as planned.
inline constexpr std::string_view wrong_count_state = "BZ001";

/// The one table of failures: phase first, then SQLSTATE, then its class.
[[nodiscard]] verdict classify(const failure& what) noexcept;

/// An error that came from the server or the link, with all that is known of it.
class query_error : public error
{
public:
    query_error(failure what, const std::string& line) : error(classify(what).kind, line), failure_(std::move(what)) {}

    [[nodiscard]] const failure& cause() const noexcept { return failure_; }

private:
    failure failure_;
};

}  // namespace bazaar::postgres

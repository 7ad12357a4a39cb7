#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace bazaar::test
{

/// What happens to one request, and to the connection that it came on.
enum class fault
{
    cut_before_request,    ///< Both sides closed; the server got no byte of the request.
    cut_half_request,      ///< Both sides closed; the server got the first half of its bytes.
    cut_after_request,     ///< The server has answered; the client gets nothing of it, and EOF.
    cut_half_answer,       ///< The server has answered; the client gets the first half of the bytes, and EOF.
    reset_before_request,  ///< As cut_before_request, but the client sees RST.
    reset_after_request,   ///< As cut_after_request, but the client sees RST.
    fatal_in_answer,       ///< The server has answered; the client gets FATAL 57P01 in place of it, and EOF.
    corrupt_answer,  ///< One message of the answer, drawn, comes with a type that does not exist; relaying goes on.
};

/// Stands between clients and a PostgreSQL, relays, and does harm at a chosen moment. One thread serves all.
///
/// It reads protocol 3.0 in clear, so sslmode=disable for what it shall see: encrypted connections are relayed blindly.
/// A request is everything up to and including a Sync or a Query, or the data of a COPY up to its end; its answer
/// reaches to ReadyForQuery, or to the invitation to send the data. The start of a session is no request.
/// All functions may be called from any thread; what they order has happened when they return.
class tcp_gate
{
public:
    /// The server behind: an IPv4 address or "localhost", or with a '/' at the front the directory of a Unix socket.
    tcp_gate(const std::string& host, int port, std::uint64_t seed = 1);
    ~tcp_gate();
    tcp_gate(const tcp_gate&) = delete;
    tcp_gate& operator=(const tcp_gate&) = delete;

    /// Where it listens, on 127.0.0.1; it keeps the port while it lives.
    [[nodiscard]] int port() const noexcept;

    /// The fault hits the next `times` requests that have a message with `match` in its bytes, whichever connection
    /// they come on. `type` is that of the message: 'B' is a call of the prepared statement `match`, and not its Parse.
    /// Of several faults that fit, the one armed first. A request of which a part has already gone on is not hit.
    void arm(fault what, std::string match = {}, int times = 1, char type = 0);

    /// How often it has really happened: a request whose connection broke before that leaves the fault armed.
    [[nodiscard]] int hits(fault what) const;
    /// False when they were not `at_least` in time.
    [[nodiscard]] bool wait_hits(fault what, int at_least, std::chrono::milliseconds timeout) const;

    /// Nothing flows either way, not even an end; new connections are accepted, and the server hears of them after
    /// heal(). What was held flows then, also of clients that have left since.
    void blackhole();
    /// All connections closed, and new ones refused.
    void refuse();
    /// Each chunk waits for a random time, in each direction; their order stays.
    void delay(std::chrono::milliseconds min, std::chrono::milliseconds max);
    /// For each direction of each connection.
    void throttle(std::int64_t bytes_per_second);
    /// Ends all that: modes off, faults disarmed, held bytes flow. hits() stay.
    void heal();

    /// Close all connections, or one, on both sides; they say how many.
    int drop_all();
    int drop_random();

    [[nodiscard]] int connections() const;
    /// Ever.
    [[nodiscard]] int accepted() const;
    /// Complete messages that came in so far, by the type of the protocol: 'Q', 'P', 'B', 'E', 'S', …; 'C', 'D', 'Z', …
    [[nodiscard]] std::int64_t from_clients(char type) const;
    [[nodiscard]] std::int64_t from_server(char type) const;

private:
    class relay;
    std::unique_ptr<relay> relay_;
};

}  // namespace bazaar::test

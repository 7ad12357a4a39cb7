#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/observe/http.hpp"
#include "bazaar/observe/rate_limit.hpp"
#include "bazaar/observe/snapshot.hpp"

namespace bazaar::observe
{

enum class verb : std::uint8_t
{
    pause,
    resume,
    drain,
    set,
};

[[nodiscard]] std::string_view name(verb what) noexcept;

/// A command from POST /control.
struct order
{
    verb what = verb::pause;
    std::vector<std::pair<std::string, std::string>> settings;  ///< For `set`: values as a user would type them.
};

/// The body of POST /control: `{"verb": "set", "settings": {"avg-qps": 50}}`. `wrong` is set to what is wrong.
[[nodiscard]] std::optional<order> read_order(std::string_view body, std::string& wrong);

/// The result of an order.
struct obeyed
{
    unsigned status = 202;           ///< HTTP status: 202 accepted, 422 refused, 503 not now.
    std::vector<std::string> lines;  ///< For people.
};

/// How many orders are accepted.
struct order_limits
{
    double orders = 10;                           ///< Per second. Each value of a `set` counts; `drain` does not.
    double orders_at_once = 40;                   ///< Maximum burst.
    double guesses = 10;                          ///< Wrong tokens per second that are answered at once.
    std::chrono::milliseconds guess_wait{1'000};  ///< Delay of the answer to each further one.
};

/// Answers requests, both from TCP and from the control socket.
///
/// Threads: the loop's.
/// Errors:  none: every request gets an answer.
/// Limits:  as in `order_limits`. The right token is accepted however many wrong ones come. Answers about the daemon's
///          state are cached for a short time, so that all clients together use at most a tenth of a processor for
///          them.
class handler
{
public:
    struct options
    {
        std::function<snapshot()> look;
        std::function<obeyed(const order&)> obey;
        std::optional<std::string> token;  ///< Without one, TCP is read-only.
        std::vector<std::string> hosts;    ///< The server's own names, besides addresses.
        order_limits limits{};
        std::function<rate_limit::moment()> clock = std::chrono::steady_clock::now;
    };

    /// Number of refusals, since the beginning.
    struct refusals
    {
        std::uint64_t tokens = 0;  ///< Wrong tokens.
        std::string from;          ///< The client that sent the last of them.
        std::uint64_t orders = 0;  ///< Orders beyond the limit.
    };

    explicit handler(options opts);

    /// Adds a static resource, such as a page.
    void page(std::string path, std::string type, std::string body,
              std::vector<std::pair<std::string_view, std::string>> fields = {});

    [[nodiscard]] answer operator()(const question& asked);

    [[nodiscard]] const refusals& refused() const noexcept { return refused_; }

    /// All paths, for the document that describes them.
    [[nodiscard]] std::vector<std::string> paths() const;

private:
    struct resource
    {
        std::string path;
        std::string_view verb;
        std::function<answer(const question&)> serve;
        bool of_now = false;  ///< Depends on the daemon's state.
        answer kept{};
        rate_limit::moment kept_until{};
    };

    [[nodiscard]] answer served(resource& by, const question& asked);
    [[nodiscard]] answer control(const question& asked);
    [[nodiscard]] std::optional<answer> barred(const question& asked);
    [[nodiscard]] bool too_many(const order& given);

    options options_;
    rate_limit orders_;
    rate_limit guesses_;
    refusals refused_;
    std::vector<resource> resources_;
};

}  // namespace bazaar::observe

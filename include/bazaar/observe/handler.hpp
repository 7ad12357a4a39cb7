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

/// What POST /control asks for.
struct order
{
    verb what = verb::pause;
    std::vector<std::pair<std::string, std::string>> settings;  ///< Of `set`, as a user would type them.
};

/// The body of POST /control: `{"verb": "set", "settings": {"avg-qps": 50}}`. What is wrong goes to `wrong`.
[[nodiscard]] std::optional<order> read_order(std::string_view body, std::string& wrong);

/// What became of an order.
struct obeyed
{
    unsigned status = 202;           ///< Of HTTP: 202 taken, 422 refused, 503 not now.
    std::vector<std::string> lines;  ///< For people.
};

/// How much of what changes something is taken.
struct order_limits
{
    double orders = 10;                           ///< A second. Each value of a `set` counts; `drain` does not.
    double orders_at_once = 40;                   ///< After a rest.
    double guesses = 10;                          ///< Wrong tokens a second that are answered at once.
    std::chrono::milliseconds guess_wait{1'000};  ///< After which one more is answered.
};

/// Answers requests, of TCP and of the control socket alike.
///
/// Threads: the loop's.
/// Errors:  none: whatever is asked, there is one answer.
/// Limits:  as in `order_limits`. The right token is taken however many wrong ones come. What is made of a look at the daemon
///          is shown again for so short a time that all clients together take a tenth of a processor for it.
class handler
{
public:
    struct options
    {
        std::function<snapshot()> look;
        std::function<obeyed(const order&)> obey;
        std::optional<std::string> token;  ///< Without one, TCP only reads.
        std::vector<std::string> hosts;    ///< Own names, beside addresses.
        order_limits limits{};
        std::function<rate_limit::moment()> clock = std::chrono::steady_clock::now;
    };

    /// What was not taken, since the beginning.
    struct refusals
    {
        std::uint64_t tokens = 0;  ///< Wrong ones.
        std::string from;          ///< The client of the last of them.
        std::uint64_t orders = 0;  ///< Too many.
    };

    explicit handler(options opts);

    /// Adds what is served as it is, such as a page.
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
        bool of_now = false;  ///< Made of a look at the daemon.
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

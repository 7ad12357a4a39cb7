#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/scenario/declared/spec.hpp"

/// Whether what is drawn by a scenario file is distributed as the file says.
namespace bazaar::scenario::declared
{

/// What was found of one distribution.
struct finding
{
    enum class verdict : std::uint8_t
    {
        fits,
        fails,
        untested,  ///< Then `found` says why.
    };

    std::string what{};  ///< "purchases.quantity", "sale arrives".
    std::string wished{};
    std::string found{};
    std::string test{};
    double p = 1;
    verdict is = verdict::fits;
};

struct conformance_request
{
    std::shared_ptr<const spec> judged;  ///< By this file
    std::shared_ptr<const spec> drawn;   ///< what this one makes: the same, but for a negative control.
    std::uint64_t seed = 1;
    time start{1'735'689'600'000'000};  ///< 2025-01-01
    std::uint64_t units = 100'000;      ///< Arrivals, follow-ups and steps of lives that are drawn.
};

struct conformance
{
    std::vector<finding> findings;
    std::uint64_t units = 0;
    time end{};  ///< Of the last one.
    [[nodiscard]] bool fits() const noexcept;
};

/// Draws a sample from the plan of a file, with its settings as they are at first and without the `max` of its arrivals, and tests each
/// distribution that the file declares. A sample fails if a right file would deviate so far once in a million samples
/// (`statistics::significance`).
///
/// Determinism: a function of the request. Errors: as for `make`.
[[nodiscard]] conformance judge(const conformance_request& of);

}  // namespace bazaar::scenario::declared

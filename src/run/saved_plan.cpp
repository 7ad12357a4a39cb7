#include "bazaar/run/saved_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bazaar/base/random.hpp"

namespace bazaar::run
{
namespace
{

/// "bzplan" and the version of the form.
constexpr std::uint64_t state_form = 0x0001'6e61'6c70'7a62;

/// What stands before the state: eight bytes each, the least first.
enum place : std::size_t
{
    form_of,
    program_of,
    run_of,  ///< Digest of what makes the plan, but for the log.
    unit_of,
    steps_of,
    trail_of,  ///< Digest of the log so far.
    digest_of,
    size_of,  ///< Of the state, in bytes.
    sum_of,   ///< Of all bytes but these eight.
    places,
};

constexpr std::size_t head_size = places * 8;

void put64(std::byte* to, std::uint64_t number) noexcept
{
    for (std::size_t i = 0; i < 8; ++i)
        to[i] = static_cast<std::byte>(number >> (8 * i));
}

std::uint64_t get64(const std::byte* from) noexcept
{
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i)
        number |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
    return number;
}

class sum
{
public:
    void add(std::uint64_t number) noexcept { h_ = mix(h_ ^ number) + 0x9e3779b97f4a7c15U; }

    void add(std::span<const std::byte> bytes) noexcept
    {
        add(bytes.size());
        for (; bytes.size() >= 8; bytes = bytes.subspan(8))
            add(get64(bytes.data()));
        std::array<std::byte, 8> rest{};
        std::copy(bytes.begin(), bytes.end(), rest.begin());
        add(get64(rest.data()));
    }

    void add(std::string_view text) noexcept { add(std::as_bytes(std::span(text))); }

    [[nodiscard]] std::uint64_t value() const noexcept { return h_; }

private:
    std::uint64_t h_ = 0;
};

std::uint64_t sum_of_bytes(std::span<const std::byte> bytes) noexcept
{
    sum all;
    all.add(bytes.first(sum_of * 8));
    all.add(bytes.subspan(head_size));
    return all.value();
}

std::uint64_t sum_of_run(const record& of)
{
    sum all;
    all.add(of.scenario);
    for (const std::uint64_t number :
         {std::uint64_t{of.scenario_version}, of.catalogue, of.seed, static_cast<std::uint64_t>(of.start.us)})
        all.add(number);
    for (const auto& [name, value] : of.settings)
    {
        all.add(name);
        all.add(value);
    }
    return all.value();
}

}  // namespace

saved_plan save_plan(replanner& walk, const record& of, std::uint64_t program)
{
    const auto& plan = walk.plan();
    saved_plan made{{plan.next_no(), walk.steps(), plan.digest()}, std::vector<std::byte>(head_size)};
    scenario::state_writer to(made.bytes);
    plan.save(to);
    const auto put = [&](place where, std::uint64_t number) { put64(made.bytes.data() + where * 8, number); };
    put(form_of, state_form);
    put(program_of, program);
    put(run_of, sum_of_run(of));
    put(unit_of, made.at.unit);
    put(steps_of, made.at.steps);
    put(trail_of, walk.trail());
    put(digest_of, made.at.digest);
    put(size_of, made.bytes.size() - head_size);
    put(sum_of, sum_of_bytes(made.bytes));
    return made;
}

restored_plan restore_plan(const scenario::scenario& shop, const record& of, std::span<const std::byte> bytes,
                           std::uint64_t program)
{
    const auto refuse = [](std::string_view why) { return restored_plan{nullptr, 0, std::string(why)}; };
    const auto get = [&](place where) { return get64(bytes.data() + where * 8); };
    if (bytes.size() < head_size)
        return refuse("is cut off");
    if (get(form_of) != state_form)
        return refuse("has another form");
    if (get(size_of) != bytes.size() - head_size)
        return refuse("is cut off");
    if (get(sum_of) != sum_of_bytes(bytes))
        return refuse("is damaged");
    if (get(program_of) != program)
        return refuse("is another program's");
    if (get(run_of) != sum_of_run(of))
        return refuse("is of another seed, start or configuration");
    const checkpoint at{get(unit_of), get(steps_of), get(digest_of)};
    if (at.unit > of.settled)
        return refuse("lies beyond the mark of settled units");
    const auto steering = std::count_if(of.log.begin(), of.log.end(), steers);
    if (at.steps > static_cast<std::uint64_t>(steering))
        return refuse("is of another control log");
    if (std::find(of.checkpoints.begin(), of.checkpoints.end(), at) == of.checkpoints.end())
        return refuse("is of a state that is not recorded");
    restored_plan made{shop.plan(of.start), at.steps, {}};
    if (replanner(*made.plan, of, at.steps).trail() != get(trail_of))
        return refuse("is of another control log");
    scenario::state_reader from(bytes.subspan(head_size));
    if (!made.plan->load(from) || made.plan->next_no() != at.unit || made.plan->digest() != at.digest)
        return refuse("does not hold the state that is recorded");
    return made;
}

}  // namespace bazaar::run

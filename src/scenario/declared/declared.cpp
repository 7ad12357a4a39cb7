#include "bazaar/scenario/declared/declared.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "builder.hpp"
#include "compiled.hpp"
#include "planner.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// Digest of all that stands in a scenario file's lists.
std::uint64_t digest_of(const spec& file)
{
    std::uint64_t sum = mix(file.lists.size());
    for (const auto& list : file.lists)
    {
        sum = mix(sum ^ stream::named(list.name).number);
        for (const auto& cell : list.cells)
            sum = mix(sum ^ stream::named(cell).number) + 0x9e3779b97f4a7c15U;
        for (const auto weight : list.weights)
            sum = mix(sum ^ weight) + 0x9e3779b97f4a7c15U;
    }
    return sum;
}

class file_scenario final : public scenario
{
public:
    file_scenario(std::shared_ptr<const spec> file, const request& given) : all_(std::move(file), given) {}

    [[nodiscard]] std::string_view name() const override { return all_.file->name; }
    [[nodiscard]] std::uint32_t version() const override { return all_.file->version; }
    [[nodiscard]] std::uint64_t catalogue() const override { return digest_of(*all_.file); }
    [[nodiscard]] std::span<const model::table> tables() const override { return all_.model_tables; }
    [[nodiscard]] std::span<const model::unit_kind> kinds() const override { return all_.kinds; }
    [[nodiscard]] const settings& configuration() const override { return all_.configuration; }

    // Of the 500 rows that a unit of T0 has inserted, others change one.
    [[nodiscard]] bool rewrites_whole_units() const override { return false; }

    [[nodiscard]] microseconds past() const override
    {
        std::int64_t sum = 0;
        for (const auto& one : all_.file->clock.stages)
            sum += one.lasts ? setting_value(*one.lasts, all_.constants) : 0;
        return microseconds(sum);
    }

    [[nodiscard]] std::unique_ptr<planner> plan(time start) const override
    {
        return std::make_unique<file_planner>(all_, start);
    }

    void build(const model::decision& decision, model::unit& out) const override
    {
        out.clear();
        out.decision = decision;
        builder(all_, decision, out).build();
    }

    // Rows of T0 are those of units.
    void fixed_rows(std::uint8_t /*table*/, const row_taker& /*take*/) const override {}
    void initial_rows(std::uint8_t /*table*/, time /*start*/, const row_taker& /*take*/) const override {}

private:
    compiled all_;
};

}  // namespace

std::unique_ptr<scenario> make(std::shared_ptr<const spec> file, const request& given)
{
    return std::make_unique<file_scenario>(std::move(file), given);
}

setting_fields::setting_fields(const spec& file)
{
    for (const auto& one : file.settings)
    {
        auto& words = words_.emplace_back();
        for (const auto& word : one.choices)
            words += (words.empty() ? "" : " ") + word;
        fields_.push_back({.name = one.name,
                           .kind = one.kind,
                           .initial = one.initial,
                           .scale = one.scale,
                           .low = one.low,
                           .high = one.high,
                           .choices = words,
                           .help = one.help,
                           .steerable = one.live});
    }
    if (has_sink_field(file))
        fields_.push_back({.name = sink_field,
                           .kind = field_kind::choice,
                           .initial = "all",
                           .choices = "all postgres",
                           .help = "`postgres`: tables that go to PostgreSQL and Kafka go to PostgreSQL alone."});
}

}  // namespace bazaar::scenario::declared

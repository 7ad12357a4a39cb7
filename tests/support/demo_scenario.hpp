#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::test
{

/// As if a file defined the demo. It holds what is hard to print.
inline constexpr std::string_view demo_text = "demo: 1  # Zürich, \"\\'\ntables: [site, sensor]\n";

/// A scenario that is no shop: sensors and their readings. It proves that nothing outside knows theLook.
///
/// Units: `install` inserts a sensor with its first readings, `measure` readings alone, `adjust` updates a
/// sensor, `record` inserts a reading and then updates its sensor. `forget` deletes; it is never planned,
/// tests make it by hand.
class demo_scenario final : public scenario::scenario
{
public:
    enum table_number : std::uint8_t
    {
        sensor,
        reading,
        site,
        pulse,
    };
    enum kind_number : std::uint16_t
    {
        install,
        measure,
        adjust,
        record,
        forget,
    };

    /// What its rows are named by.
    enum class keys : std::uint8_t
    {
        uuids,
        short_ones,   ///< "C200000303" of sensors, 303 of readings: they do not say which unit made the row.
        listed_ones,  ///< Of sensors, texts of a list that are hard to quote.
    };

    /// With short keys.
    explicit demo_scenario(const bazaar::scenario::request& from);

    /// With defaults.
    explicit demo_scenario(std::uint64_t seed, keys of = keys::uuids);

    [[nodiscard]] std::string_view name() const override { return "demo"; }
    [[nodiscard]] std::uint32_t version() const override { return 1; }
    [[nodiscard]] std::uint64_t catalogue() const override { return 42; }
    [[nodiscard]] std::span<const model::table> tables() const override;
    [[nodiscard]] std::span<const model::unit_kind> kinds() const override;
    [[nodiscard]] const bazaar::scenario::settings& configuration() const override { return configuration_; }
    [[nodiscard]] bool plans(std::uint16_t kind) const override { return kind != forget; }
    [[nodiscard]] std::unique_ptr<bazaar::scenario::planner> plan(time start) const override;
    void build(const model::decision& decision, model::unit& out) const override;
    void fixed_rows(std::uint8_t table, const bazaar::scenario::row_taker& take) const override;
    void initial_rows(std::uint8_t table, time start, const bazaar::scenario::row_taker& take) const override;

    /// Its knobs, as the registry would have them.
    [[nodiscard]] static std::span<const bazaar::scenario::field> fields();

    /// A registry row, for whoever takes scenarios from there.
    [[nodiscard]] static const bazaar::scenario::entry& entry();

private:
    std::uint64_t seed_;
    bazaar::scenario::settings configuration_;
    keys keys_;
};

}  // namespace bazaar::test

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bazaar/model/unit.hpp"
#include "compiled.hpp"
#include "maker.hpp"

namespace bazaar::scenario::declared
{

/// Makes the rows of one decision.
///
/// Threads: one for each.
class builder
{
public:
    builder(const compiled& all, const model::decision& what, model::unit& out);

    void build();

private:
    struct made_line
    {
        frame* row = nullptr;
        std::size_t step = 0;
        std::uint64_t number = 0;
        bool is_short = false;
    };

    void seed();
    void read_lines();
    [[nodiscard]] frame& unit_frame();
    [[nodiscard]] frame& inserted(const step_plan& step, std::uint64_t line, std::uint64_t row);
    [[nodiscard]] frame& instead(const made_line& of, std::uint64_t row);
    void share(const row_plan& of, frame& to);
    void insert(frame& row);
    void insert_lines();
    void change_row();
    void move_rows();
    void move_rows_of(item_no table);

    /// A row that a unit changes.
    struct moved_row
    {
        frame* before = nullptr;
        frame* after = nullptr;
    };
    void set_rows(item_no table, std::span<moved_row> rows, std::size_t& count);
    [[nodiscard]] moved_row& moving(std::span<moved_row> rows, std::size_t& count, frame& before);
    [[nodiscard]] std::span<const operand> settings();
    [[nodiscard]] frame* moved_frame(const made_line& of, const row_step::movement& move, item_no table);

    [[nodiscard]] std::uint8_t place_of(const row_plan& of) const
    {
        return of.model[static_cast<std::size_t>(kind_.target)];
    }

    const compiled& all_;
    const model::decision& what_;
    model::unit& out_;
    const compiled::kind_of& kind_;
    const action& action_;
    maker make_;
    std::uint64_t moment_;
    unit_no unit_;
    frame* unit_frame_ = nullptr;
    std::span<made_line> lines_;
    std::span<operand> settings_;
};

}  // namespace bazaar::scenario::declared

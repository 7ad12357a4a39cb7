#include "block_search.hpp"

#include <algorithm>
#include <atomic>
#include <string>

#include <fmt/format.h>

namespace bazaar::verify
{
namespace
{

constexpr auto in_block = block_sums::block_rows;

/// Blocks that are planned again in full at a time: 32 bytes for each of their rows.
constexpr std::size_t blocks_max = 512;

}  // namespace

/// All rows of some blocks, as they are planned and as they are there. A block is named by the key of its first row.
class block_search::rows_of_blocks
{
public:
    struct row
    {
        std::uint64_t planned = 0;   ///< Hash; 0: not there, or judged before.
        unit_no unit = ~unit_no{0};  ///< That the plan has in the row's id.
        std::uint64_t found = 0;     ///< Sum of the hashes of those that were read.
        std::uint32_t times = 0;
    };

    explicit rows_of_blocks(std::span<const row_key> blocks)
        : blocks_(blocks), rows_(blocks.size() * in_block), strange_(blocks.size())
    {
    }

    [[nodiscard]] row* find(const row_id& id)
    {
        const auto key = key_of(id);
        const auto at = std::ranges::lower_bound(blocks_, key - key % in_block);
        if (at == blocks_.end() || *at != key - key % in_block)
            return nullptr;
        return &rows_[static_cast<std::size_t>(at - blocks_.begin()) * in_block + key % in_block];
    }

    [[nodiscard]] std::span<const row_key> blocks() const { return blocks_; }
    [[nodiscard]] std::span<const row> of_block(std::size_t block) const
    {
        return std::span(rows_).subspan(block * in_block, in_block);
    }

    /// The block of this row has one that is not the plan's.
    void set_strange(const row* which) { strange_[static_cast<std::size_t>(which - rows_.data()) / in_block] = true; }
    [[nodiscard]] bool strange(std::size_t block) const { return strange_[block]; }

    /// Rows that are not as planned, and of which nothing is kept.
    std::uint64_t more = 0;

private:
    std::span<const row_key> blocks_;
    std::vector<row> rows_;
    std::vector<bool> strange_;
};

void block_search::plan(rows_of_blocks& rows)
{
    row_encoder initial(work_.compared, work_.ids);
    work_.first_rows(
        [&](const row_id& id, std::span<const model::value> values)
        {
            if (auto* const row = rows.find(id))
            {
                row->planned += initial.hash(id.table, values);
                row->unit = id.unit;
            }
        });
    unit_walk walk(work_.of);
    work_.progress.units_all = work_.of.demanded;
    work_.take_planned(walk, work_.of.demanded, work_.with.stop,
                       [&]() -> tables_work::change_taker
                       {
                           return [&](const model::unit&, const model::change& change, const row_id& id,
                                      row_encoder& encode)
                           {
                               auto* const row = rows.find(id);
                               if (row == nullptr)
                                   return;
                               std::uint64_t difference = 0;
                               if (!change.after.empty())
                                   difference += encode.hash(id.table, change.after);
                               if (!change.before.empty())
                                   difference -= encode.hash(id.table, change.before);
                               std::atomic_ref(row->planned).fetch_add(difference, std::memory_order_relaxed);
                               std::atomic_ref(row->unit).store(id.unit, std::memory_order_relaxed);
                           };
                       });
    work_.check_stop();
    // These were judged before.
    for (const auto& one : window_.rows())
        if (auto* const row = rows.find(one.id); row != nullptr && row->unit == one.id.unit)
            row->planned = 0;
}

void block_search::read(rows_of_blocks& rows, suspects& found)
{
    const auto blocks = rows.blocks();
    for (std::size_t first = 0, end = 0; first < blocks.size(); first = end)
    {
        work_.check_stop();
        const auto table = table_of(blocks[first]);
        for (end = first + 1;
             end < blocks.size() && blocks[end] == blocks[end - 1] + in_block && table_of(blocks[end]) == table; ++end)
            ;
        postgres::row_reader read(work_.on, *work_.compared[table],
                                  work_.between(table, row_of(blocks[first]), row_of(blocks[end - 1]) + in_block - 1));
        while (read.next())
        {
            const auto id = work_.id_of(table, read.row());
            auto* const row = id ? rows.find(*id) : nullptr;
            if (row == nullptr || window_.find(*id) != nullptr || work_.unknown(*id))
                continue;
            const auto room = (found.size() < suspects_max && found.bytes() < suspect_bytes_max) || found.has(*id);
            if (row->unit != id->unit)
            {
                // The row of no unit, or one that has the number of another.
                rows.set_strange(row);
                if (room)
                    found.found(*id, bytes_of(read.row()));
                else
                    ++rows.more;
                continue;
            }
            const auto hash = hash_of(read.row());
            // The first of two rows with one id may be as planned; the second is too much.
            if ((row->times > 0 || hash != row->planned) && room)
                found.found(*id, bytes_of(read.row()), row->times > 0 ? 1 : 0);
            ++row->times;
            row->found += hash;
        }
    }
}

void block_search::look_into(std::span<const row_key> blocks)
{
    rows_of_blocks rows(blocks);
    plan(rows);
    suspects found(work_.with.shop, work_.compared, work_.ids);
    read(rows, found);
    for (std::size_t block = 0; block < blocks.size(); ++block)
    {
        bool differs = rows.strange(block);
        const auto table = table_of(blocks[block]);
        auto number = row_of(blocks[block]);
        for (const auto& row : rows.of_block(block))
        {
            const row_id id{table, number++, row.unit};
            const bool as_planned = row.times == (row.planned == 0 ? 0 : 1) && row.found == row.planned;
            differs = differs || !as_planned;
            if (as_planned || found.has(id))
                continue;
            if (row.times == 0 && found.size() < suspects_max)
                found.absent(id);
            else
                ++rows.more;
        }
        if (!differs)
            work_.out.not_proven(fmt::format("rows {} to {} of {} are not as they were when they were first read",
                                             row_of(blocks[block]), row_of(blocks[block]) + in_block - 1,
                                             work_.tables[table].name));
    }
    columns_.judge(found);
    if (rows.more > 0)
        work_.out.figure("more rows that differ", rows.more);
}

void block_search::go()
{
    std::vector<row_key> blocks;
    for (std::uint8_t i = 0; i < work_.tables.size(); ++i)
        if (work_.planned(i))
            for (const auto block : scan_.differing(i))
                blocks.push_back(key_of(i, block * in_block));
    work_.out.figure("blocks that differ", blocks.size());
    std::size_t done = 0;
    // What is foreign, or not known, excuses nothing else.
    while (done < blocks.size() && (done == 0 || work_.out.judge() != verdict::mismatch))
    {
        const auto some = std::span(blocks).subspan(done, std::min(blocks_max, blocks.size() - done));
        work_.progress.step = "looking into blocks that differ";
        work_.tell();
        look_into(some);
        done += some.size();
    }
    if (done < blocks.size())
        work_.out.figure("of them not looked into", blocks.size() - done);
}

}  // namespace bazaar::verify

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace bazaar::verify
{

/// Sums of the hashes of a table's rows, one for every 4,096 row numbers: half a megabyte for 256 million rows. Sums
/// are equal if the rows are, in whatever order they came.
class block_sums
{
public:
    static constexpr std::uint64_t block_rows = 4096;

    void add(std::uint64_t row, std::uint64_t hash) { at(row / block_rows) += hash; }
    void subtract(std::uint64_t row, std::uint64_t hash) { at(row / block_rows) -= hash; }
    void add(const block_sums& other);

    /// Numbers of the blocks that differ, ascending.
    [[nodiscard]] std::vector<std::uint64_t> differing(const block_sums& other) const;

private:
    /// A number far above all others is stored in the map: it may be forged.
    static constexpr std::uint64_t leap = 1 << 16;

    [[nodiscard]] std::uint64_t& at(std::uint64_t block)
    {
        if (block < sums_.size()) [[likely]]
            return sums_[block];
        return grow(block);
    }
    [[nodiscard]] std::uint64_t& grow(std::uint64_t block);
    [[nodiscard]] std::uint64_t get(std::uint64_t block) const;

    std::vector<std::uint64_t> sums_;
    std::map<std::uint64_t, std::uint64_t> far_;  ///< May include blocks that the vector has reached since: both count.
};

}  // namespace bazaar::verify

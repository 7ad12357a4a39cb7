#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace bazaar::model
{

/// Memory of one unit: grows in chunks, is released all at once, and keeps its chunks for the next unit.
///
/// Limits: after warm-up no call allocates from the heap. Holds trivially destructible things only.
class arena
{
public:
    arena() = default;
    arena(const arena&) = delete;
    arena& operator=(const arena&) = delete;

    /// Memory for `size` bytes, aligned to 16.
    [[nodiscard]] std::byte* allocate(std::size_t size);

    /// `count` value-initialised elements.
    template <typename T>
    [[nodiscard]] std::span<T> make(std::size_t count)
    {
        auto* first = reinterpret_cast<T*>(allocate(count * sizeof(T)));
        std::uninitialized_value_construct_n(first, count);
        return {first, count};
    }

    /// A copy of the text that lives as long as the unit.
    [[nodiscard]] std::string_view keep(std::string_view text);

    /// Releases all objects; the memory is kept for reuse.
    void clear() noexcept;

private:
    struct chunk
    {
        std::unique_ptr<std::byte[]> memory;
        std::size_t size;
    };

    std::vector<chunk> chunks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
};

}  // namespace bazaar::model

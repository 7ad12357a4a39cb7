#include "bazaar/model/arena.hpp"

#include <algorithm>
#include <cstring>

namespace bazaar::model
{

std::byte* arena::allocate(std::size_t size)
{
    constexpr std::size_t chunk_size = 16 * 1024;
    size = (size + 15) & ~std::size_t{15};
    while (current_ < chunks_.size() && used_ + size > chunks_[current_].size)
    {
        ++current_;
        used_ = 0;
    }
    if (current_ == chunks_.size())
    {
        const std::size_t wanted = std::max(size, chunk_size);
        chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(wanted), wanted});
    }
    std::byte* place = chunks_[current_].memory.get() + used_;
    used_ += size;
    return place;
}

std::string_view arena::keep(std::string_view text)
{
    auto* place = reinterpret_cast<char*>(allocate(text.size()));
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
}

void arena::clear() noexcept
{
    current_ = 0;
    used_ = 0;
}

}  // namespace bazaar::model

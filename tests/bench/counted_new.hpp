#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// Counts what a benchmark allocates. Included by one file of a program. Not inline: GCC would see one of a pair alone and warn.

namespace bazaar::test
{

inline std::size_t allocations = 0;

}  // namespace bazaar::test

[[gnu::noinline]] void* operator new(std::size_t size)
{
    ++bazaar::test::allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

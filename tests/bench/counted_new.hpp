#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

// Counts what a benchmark allocates. Included by one file of a program.

namespace bazaar::test
{

inline std::size_t allocations = 0;

}  // namespace bazaar::test

void* operator new(std::size_t size)
{
    ++bazaar::test::allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

// Two files of lines, side by side; a byte 0 is between them.

#include "bazaar/verify/dump.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    const auto text = fuzz::text_of(data, size);
    const auto end = std::min(text.find('\0'), text.size());
    const fuzz::memory_file first(text.substr(0, end));
    const fuzz::memory_file second(text.substr(std::min(end + 1, text.size())));
    fuzz::is_taken(
        [&]
        {
            verify::dump source({first.path(), second.path()}, scenario::thelook::tables(), "demo");
            verify::change_event e;
            std::size_t events = 0;
            while (source.next(e))
                fuzz::require(++events <= size, "no more events than bytes");
            // The end of a last line that has none counts, too.
            fuzz::require(source.length() == 0 || source.position() <= source.length() + 2,
                          "it reads no further than the files go");
        });
    return 0;
}

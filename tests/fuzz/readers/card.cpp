// The card of a run; one that is taken is printed as one that reads the same.

#include "app/card.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    run::record made;
    if (!fuzz::is_taken([&] { made = app::read_card(fuzz::memory_file(fuzz::text_of(data, size)).path()); }))
        return 0;
    const auto text = app::card_text(made);
    const fuzz::memory_file again(text);
    fuzz::require(app::card_text(app::read_card(again.path())) == text, "a card that was printed reads the same");
    return 0;
}

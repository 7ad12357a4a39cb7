// The card of a run; one that is taken is printed as one that reads the same, and can be planned along its log.

#include "bazaar/daemon/card.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/scenario/registry.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    run::record made;
    if (!fuzz::is_taken([&] { made = bazaar::daemon::read_card(fuzz::memory_file(fuzz::text_of(data, size)).path()); }))
        return 0;
    const auto text = bazaar::daemon::card_text(made);
    const fuzz::memory_file again(text);
    fuzz::require(bazaar::daemon::card_text(bazaar::daemon::read_card(again.path())) == text,
                  "a card that was printed reads the same");
    static const auto shop = scenario::default_entry().make(
        {"main", 7, scenario::settings(scenario::default_entry().fields), {}});
    fuzz::is_taken(
        [&]
        {
            made.checkpoints.clear();
            const auto planner = shop->plan(made.start);
            run::replanner walk(*planner, made);
            static_cast<void>(run::load_state::of(made.log));
            while (planner->next_no() < 60)
                static_cast<void>(to_string(walk.next().at));
            walk.catch_up();
        });
    return 0;
}

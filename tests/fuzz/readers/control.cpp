// The body of POST /control, and what it would set.

#include "bazaar/app/options.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/observe/handler.hpp"
#include "bazaar/scenario/registry.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    static const auto before = []
    {
        char program[] = "bazaard", verb[] = "run";
        char* words[] = {program, verb};
        return app::parse(2, words, {.environment = {}, .read = {}, .now = bazaar::time{1'780'000'000'000'000}});
    }();
    fuzz::is_taken(
        [&]
        {
            std::string wrong;
            const auto order = observe::read_order(fuzz::text_of(data, size), wrong);
            fuzz::require(order.has_value() == wrong.empty(), "an order that is refused has a reason");
            if (!order)
                return;
            const auto asked = bazaar::daemon::with_settings(before, order->settings);
            run::record recorded;
            recorded.seed = 7;
            recorded.scenario = scenario::default_name;
            std::vector<std::string> refused;
            for (const auto& entry : bazaar::daemon::changes_of(asked.only, recorded, before.configuration, refused))
                fuzz::require(entry.what != model::control::kind::set ||
                                  scenario::takes(before.configuration.fields()[entry.field], entry.value),
                              "an entry that would be recorded is in its range");
        });
    return 0;
}

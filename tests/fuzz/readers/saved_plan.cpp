// The saved state of a planner, as a table may hold it. The first byte says which shop's, and whether the others are the state itself, or
// places of a right one with the bytes that are there instead.

#include <array>

#include "bazaar/run/saved_plan.hpp"
#include "bazaar/scenario/registry.hpp"
#include "reader.hpp"

namespace
{

using namespace bazaar;

std::vector<std::byte> state_of(const scenario::scenario& shop, bazaar::time start)
{
    const auto plan = shop.plan(start);
    for (int i = 0; i < 300; ++i)
        plan->next();
    std::vector<std::byte> bytes;
    scenario::state_writer to(bytes);
    plan->save(to);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    static const auto shop_of = [](const char* retain)
    {
        scenario::settings configuration(scenario::default_entry().fields);
        for (const auto& [name, text] : {std::pair{"init-num-users", "5"}, std::pair{"retain", retain}})
            fuzz::require(configuration.set(configuration.find(name), text).empty(), "a setting of this test");
        return scenario::default_entry().make({"main", 7, configuration, {}});
    };
    static const auto plain = shop_of("0");
    static const auto retaining = shop_of("1s");
    const auto& shop = data[0] % 2 == 0 ? *plain : *retaining;
    const bazaar::time start{1'780'000'000'000'000};
    std::vector<std::byte> bytes;
    for (std::size_t i = 1; i < size; ++i)
        bytes.push_back(std::byte{data[i]});
    if (data[0] / 2 % 2 == 0)
    {
        static const std::array right{state_of(*plain, start), state_of(*retaining, start)};
        auto edited = right[data[0] % 2];
        for (std::size_t i = 0; i + 2 < bytes.size(); i += 3)
            edited[(std::to_integer<std::size_t>(bytes[i]) << 8 | std::to_integer<std::size_t>(bytes[i + 1])) %
                   edited.size()] = bytes[i + 2];
        bytes = std::move(edited);
    }
    fuzz::is_taken(
        [&]
        {
            const auto plan = shop.plan(start);
            scenario::state_reader from(bytes);
            if (!plan->load(from))
                return;
            std::vector<std::byte> saved;
            scenario::state_writer to(saved);
            plan->save(to);
            const auto again = shop.plan(start);
            scenario::state_reader from_saved(saved);
            fuzz::require(again->load(from_saved), "a state that was taken is saved as one that is taken");
        });
    run::record of;
    of.seed = 7;
    of.start = start;
    of.settled = no_unit - 1;
    fuzz::is_taken([&] { static_cast<void>(run::restore_plan(shop, of, bytes, 1)); });
    return 0;
}

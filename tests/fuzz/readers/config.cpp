// The configuration file: any bytes, read for a run and for verify.

#include "bazaar/app/options.hpp"
#include "bazaar/scenario/registry.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    const std::string text(fuzz::text_of(data, size));
    const app::surroundings around{.environment = {},
                                   .read = [&](const std::string&) { return std::optional(text); },
                                   .now = bazaar::time{1'780'000'000'000'000}};
    for (const auto& words : {std::vector<std::string>{"bazaard", "run", "--config", "shop.conf"},
                              std::vector<std::string>{"bazaard", "verify", "topics", "--config", "shop.conf"}})
    {
        auto copy = words;
        std::vector<char*> pointers;
        for (auto& word : copy)
            pointers.push_back(word.data());
        app::options made(scenario::default_entry());
        if (!fuzz::is_taken([&] { made = app::parse(static_cast<int>(pointers.size()), pointers.data(), around); }))
            continue;
        const auto fields = made.configuration.fields();
        for (std::size_t i = 0; i < fields.size(); ++i)
        {
            auto again = made.configuration;
            fuzz::require(again.set(i, made.configuration.printed(i)).empty(),
                          "a setting that was taken is in its range");
        }
        fuzz::require(made.workers >= 1 && made.workers <= 64, "--workers is in its range");
        fuzz::require(!made.start || *made.start <= around.now, "--start-time is not in the future");
    }
    return 0;
}

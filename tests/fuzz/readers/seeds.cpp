// A seed file of one's own: the first byte says which, the others are small and right. A shop that is made of it goes on.

#include <array>

#include "bazaar/scenario/registry.hpp"
#include "reader.hpp"

namespace
{

using namespace bazaar;

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> right{{
    {"distribution_centers.csv",
     "id,name,latitude,longitude\n1,Memphis TN,35.1174,-89.9711\n2,Chicago IL,41.8369,-87.6847\n"},
    {"products.csv",
     "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\n"
     "1,2.50,Socks,A,B,5.00,Women,S1,1\n2,2.50,Socks,C,B,5.00,Men,S2,2\n3,1.25,Hats,D,E,2.50,Women,S3,1\n"
     "4,1.25,Hats,F,E,2.50,Men,S4,1\n5,1.25,Hats,G,E,2.51,Men,S5,1\n"},
    {"places.csv",
     "country,state,city,postal_code,latitude,longitude,population\nChile,Maule,Talca,3460000,-35.43,-71.66,220357\n"
     "Chile,Maule,Linares,3580000,-35.85,-71.6,93602\nPeru,Ica,Pisco,11601,-13.71,-76.2,\"100000\"\n"},
    {"names.csv",
     "country,kind,gender,name,ascii,weight\nChile,first,F,Inés,ines,5\nChile,first,M,Luis,luis,3\n"
     "Chile,last,-,Pérez,perez,1\nPeru,first,F,Rosa,rosa,1\nPeru,first,M,Juan,juan,1\nPeru,last,-,Quispe,quispe,9\n"},
    {"streets.csv", "country,kind,value\nChile,pattern,{street} {n}\nChile,name,Calle Sur\nPeru,pattern,{street} {n}\n"
                    "Peru,name,Jirón Lima\n"},
}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    const std::string text(fuzz::text_of(data + 1, size - 1));
    scenario::settings configuration(scenario::default_entry().fields);
    fuzz::require(configuration.set(configuration.find("init-num-users"), "5").empty(), "a setting of this test");
    scenario::seed_files files;
    for (const auto& [name, bytes] : right)
        files[std::string(name)] = bytes;
    files[std::string(right[data[0] % right.size()].first)] = text;
    fuzz::is_taken(
        [&]
        {
            const auto shop = scenario::default_entry().make({"main", 7, configuration, files});
            for (std::uint8_t i = 0; i < shop->tables().size(); ++i)
                if (shop->tables()[i].kept_by == model::role::fixed)
                    shop->fixed_rows(i, [](auto) {});
            const auto plan = shop->plan(bazaar::time{1'780'000'000'000'000});
            model::unit unit;
            for (int i = 0; i < 40; ++i)
                shop->build(plan->next(), unit);
        });
    return 0;
}

#include "scenario/thelook/views.hpp"

#include <array>

#include "bazaar/scenario/embedded.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr std::array<std::string_view, 7> view_names{
    "distribution_centers", "events", "inventory_items", "order_items", "orders", "products", "users"};
constexpr std::array<std::string_view, 2> function_names{"number_of(uuid)", "spread(bigint)"};

}  // namespace

std::span<const view_set> views()
{
    static const std::array all{view_set{"thelook", "the shape of BigQuery's public data set thelook_ecommerce",
                                         embedded("views.sql"), view_names, function_names}};
    return all;
}

}  // namespace bazaar::scenario::thelook

#pragma once

#include <cstdint>
#include <span>

#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"

namespace bazaar::scenario::thelook
{

/// Numbers of the tables: parents first.
namespace table
{
enum : std::uint8_t
{
    dist_centers,
    products,
    users,
    orders,
    order_items,
    events,
    heartbeat,
    count,
    sessions,  ///< Not a table: what `events.session_id` refers to.
};
}

/// Numbers of the columns, table by table, in their order.
namespace products_column
{
enum : std::uint8_t
{
    id,
    cost,
    category,
    name,
    brand,
    retail_price,
    department,
    sku,
    distribution_center_id,
    updated_at
};
}
namespace users_column
{
enum : std::uint8_t
{
    id,
    first_name,
    last_name,
    email,
    age,
    gender,
    street_address,
    postal_code,
    city,
    state,
    country,
    latitude,
    longitude,
    traffic_source,
    created_at,
    updated_at
};
}
namespace orders_column
{
enum : std::uint8_t
{
    id,
    user_id,
    status,
    num_of_items,
    created_at,
    updated_at,
    shipped_at,
    delivered_at,
    returned_at,
    cancelled_at,
    ship_street_address,
    ship_postal_code,
    ship_city,
    ship_state,
    ship_country
};
}
namespace order_items_column
{
enum : std::uint8_t
{
    id,
    order_id,
    product_id,
    status,
    quantity,
    sale_price,
    created_at,
    updated_at,
    shipped_at,
    delivered_at,
    returned_at,
    cancelled_at
};
}
namespace events_column
{
enum : std::uint8_t
{
    id,
    user_id,
    sequence_number,
    session_id,
    ip_address,
    city,
    state,
    postal_code,
    browser,
    traffic_source,
    uri,
    event_type,
    created_at,
    product_id
};
}

/// Numbers of the kinds of unit.
namespace kind
{
enum : std::uint16_t
{
    purchase,
    user_created,
    user_moved,
    order_shipped,
    order_delivered,
    order_cancelled,
    order_returned,
    ghost,
    user_erased,
    order_removed,
    ghost_removed,
    price_changed,
    count,
};
}

[[nodiscard]] std::span<const model::table> tables();
[[nodiscard]] std::span<const model::unit_kind> kinds();

}  // namespace bazaar::scenario::thelook

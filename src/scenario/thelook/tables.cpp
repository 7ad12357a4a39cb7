#include "bazaar/scenario/thelook/tables.hpp"

#include <array>

namespace bazaar::scenario::thelook
{
namespace
{

using model::check;
using model::column;
using model::foreign_key;
using model::index;
using model::op;
using model::part;
using model::type;

constexpr std::string_view timestamptz = "timestamp with time zone";

constexpr column key(std::string_view name = "id")
{
    return {name, "uuid", type::ref};
}
constexpr column words(std::string_view name)
{
    return {name, "text", type::text};
}
constexpr column moment(std::string_view name)
{
    return {name, timestamptz, type::timestamp};
}
constexpr column number(std::string_view name)
{
    return {name, "integer", type::int64};
}
constexpr column big(std::string_view name)
{
    return {name, "bigint", type::int64};
}
constexpr column degrees(std::string_view name)
{
    return {name, "double precision", type::float64};
}
constexpr column money(std::string_view name)
{
    return {name, "numeric(12,2)", type::decimal, 2};
}
constexpr column optional(column c)
{
    c.nullable = true;
    return c;
}

constexpr std::array dist_centers_columns{big("id"), words("name"), degrees("latitude"), degrees("longitude")};

constexpr std::array products_columns{
    big("id"),
    money("cost"),
    words("category"),
    words("name"),
    words("brand"),
    money("retail_price"),
    words("department"),
    words("sku"),
    big("distribution_center_id"),
    optional(moment("updated_at")),
};
constexpr std::array products_keys{foreign_key{"distribution_center_id", "dist_centers"}};
constexpr std::array products_checks{check{"products_price_check", "0 < cost AND cost < retail_price"}};
constexpr std::array products_indexes{index{"products_sku_key", "sku", true}};

constexpr std::array users_columns{
    key(),
    words("first_name"),
    words("last_name"),
    words("email"),
    number("age"),
    words("gender"),
    words("street_address"),
    words("postal_code"),
    words("city"),
    words("state"),
    words("country"),
    degrees("latitude"),
    degrees("longitude"),
    words("traffic_source"),
    moment("created_at"),
    moment("updated_at"),
};
constexpr std::array users_checks{
    check{"users_age_check", "age BETWEEN 18 AND 120"},
    check{"users_email_check", "email = lower(email)"},
    check{"users_gender_check", "gender IN ('F', 'M')"},
    check{"users_time_check", "created_at <= updated_at"},
};
constexpr std::array users_indexes{index{"users_email_key", "email", true}};

constexpr std::array orders_columns{
    key(),
    key("user_id"),
    words("status"),
    number("num_of_items"),
    moment("created_at"),
    moment("updated_at"),
    optional(moment("shipped_at")),
    optional(moment("delivered_at")),
    optional(moment("returned_at")),
    optional(moment("cancelled_at")),
    optional(words("ship_street_address")),
    optional(words("ship_postal_code")),
    optional(words("ship_city")),
    optional(words("ship_state")),
    optional(words("ship_country")),
};
constexpr std::array orders_keys{foreign_key{"user_id", "users"}};
constexpr std::string_view status_of_stamps =
    "status = CASE WHEN cancelled_at IS NOT NULL THEN 'Cancelled' WHEN returned_at IS NOT NULL THEN 'Returned' "
    "WHEN delivered_at IS NOT NULL THEN 'Delivered' WHEN shipped_at IS NOT NULL THEN 'Shipped' ELSE 'Processing' END";
constexpr std::string_view stamps_in_order =
    "created_at <= updated_at AND shipped_at > created_at AND delivered_at > shipped_at AND returned_at > delivered_at "
    "AND cancelled_at > created_at AND (shipped_at IS NULL OR cancelled_at IS NULL) "
    "AND (delivered_at IS NULL OR shipped_at IS NOT NULL) AND (returned_at IS NULL OR delivered_at IS NOT NULL)";
constexpr std::array orders_checks{
    check{"orders_num_of_items_check", "num_of_items >= 1"},
    check{"orders_status_check", status_of_stamps},
    check{"orders_time_check", stamps_in_order},
};
constexpr std::array orders_indexes{index{"orders_user_id_idx", "user_id"}};

constexpr std::array order_items_columns{
    key(),
    key("order_id"),
    big("product_id"),
    words("status"),
    number("quantity"),
    money("sale_price"),
    moment("created_at"),
    moment("updated_at"),
    optional(moment("shipped_at")),
    optional(moment("delivered_at")),
    optional(moment("returned_at")),
    optional(moment("cancelled_at")),
};
constexpr std::array order_items_keys{foreign_key{"order_id", "orders"}, foreign_key{"product_id", "products"}};
constexpr std::array order_items_checks{
    check{"order_items_quantity_check", "quantity >= 1"},
    check{"order_items_sale_price_check", "sale_price > 0"},
    check{"order_items_status_check", status_of_stamps},
    check{"order_items_time_check", stamps_in_order},
};
constexpr std::array order_items_indexes{index{"order_items_order_id_product_id_key", "order_id, product_id", true}};

constexpr std::array events_columns{
    key(),
    optional(key("user_id")),
    number("sequence_number"),
    key("session_id"),
    words("ip_address"),
    words("city"),
    words("state"),
    words("postal_code"),
    words("browser"),
    words("traffic_source"),
    words("uri"),
    words("event_type"),
    moment("created_at"),
    optional(big("product_id")),
};
constexpr std::array events_keys{foreign_key{"user_id", "users"}};
constexpr std::array events_checks{
    check{"events_event_type_check",
          "event_type IN ('home', 'department', 'category', 'product', 'cart', 'purchase', 'cancel', 'return')"},
    check{"events_sequence_number_check", "sequence_number >= 1"},
};
constexpr std::array events_indexes{
    index{"events_session_id_sequence_number_key", "session_id, sequence_number", true},
    index{"events_user_id_idx", "user_id"},
};

constexpr std::array heartbeat_columns{number("id"), moment("ts")};

constexpr std::array<model::table, table::count> all_tables{{
    {"dist_centers", dist_centers_columns, 0, model::no_column, model::role::fixed},
    {"products", products_columns, products_column::id, products_column::updated_at, model::role::fixed,
     model::target::postgres, products_keys, products_checks, products_indexes},
    {"users",
     users_columns,
     users_column::id,
     users_column::updated_at,
     model::role::planned,
     model::target::postgres,
     {},
     users_checks,
     users_indexes},
    {"orders", orders_columns, orders_column::id, orders_column::updated_at, model::role::planned,
     model::target::postgres, orders_keys, orders_checks, orders_indexes},
    {"order_items", order_items_columns, order_items_column::id, order_items_column::updated_at, model::role::planned,
     model::target::postgres, order_items_keys, order_items_checks, order_items_indexes},
    {"events", events_columns, events_column::id, model::no_column, model::role::planned, model::target::postgres,
     events_keys, events_checks, events_indexes},
    {"heartbeat", heartbeat_columns, 0, model::no_column, model::role::heartbeat},
}};

// What each kind of unit may change.
constexpr std::array<std::uint8_t, 7> moved{
    users_column::street_address, users_column::postal_code, users_column::city,     users_column::state,
    users_column::country,        users_column::latitude,    users_column::longitude};
constexpr std::array<std::uint8_t, 9> erased{
    users_column::first_name, users_column::last_name,      users_column::email,
    users_column::age,        users_column::street_address, users_column::postal_code,
    users_column::city,       users_column::latitude,       users_column::longitude};
constexpr std::array<std::uint8_t, 1> repriced{products_column::retail_price};
constexpr std::array<std::uint8_t, 2> order_shipped{orders_column::status, orders_column::shipped_at};
constexpr std::array<std::uint8_t, 2> order_delivered{orders_column::status, orders_column::delivered_at};
constexpr std::array<std::uint8_t, 2> order_cancelled{orders_column::status, orders_column::cancelled_at};
constexpr std::array<std::uint8_t, 2> order_returned{orders_column::status, orders_column::returned_at};
constexpr std::array<std::uint8_t, 2> items_shipped{order_items_column::status, order_items_column::shipped_at};
constexpr std::array<std::uint8_t, 2> items_delivered{order_items_column::status, order_items_column::delivered_at};
constexpr std::array<std::uint8_t, 2> items_cancelled{order_items_column::status, order_items_column::cancelled_at};
constexpr std::array<std::uint8_t, 2> items_returned{order_items_column::status, order_items_column::returned_at};

constexpr std::array purchase_parts{part{op::insert, table::orders}, part{op::insert, table::order_items, true},
                                    part{op::insert, table::events, true}};
constexpr std::array user_created_parts{part{op::insert, table::users}};
constexpr std::array user_moved_parts{part{op::update, table::users, false, moved}};
constexpr std::array order_shipped_parts{part{op::update, table::orders, false, order_shipped},
                                         part{op::update, table::order_items, true, items_shipped}};
constexpr std::array order_delivered_parts{part{op::update, table::orders, false, order_delivered},
                                           part{op::update, table::order_items, true, items_delivered}};
constexpr std::array order_cancelled_parts{part{op::update, table::orders, false, order_cancelled},
                                           part{op::update, table::order_items, true, items_cancelled},
                                           part{op::insert, table::events, true}};
constexpr std::array order_returned_parts{part{op::update, table::orders, false, order_returned},
                                          part{op::update, table::order_items, true, items_returned},
                                          part{op::insert, table::events, true}};
constexpr std::array ghost_parts{part{op::insert, table::events, true}};
constexpr std::array price_changed_parts{part{op::update, table::products, false, repriced}};
constexpr std::array user_erased_parts{part{op::update, table::users, false, erased}};

// Children first: an order is referred to by its items. Events refer to users only.
constexpr std::array order_removed_parts{part{op::erase, table::order_items, true},
                                         part{op::erase, table::events, true}, part{op::erase, table::orders}};
constexpr std::array ghost_removed_parts{part{op::erase, table::events, true}};

constexpr std::array<model::unit_kind, 12> all_kinds{{
    {"purchase", purchase_parts},
    {"user_created", user_created_parts},
    {"user_moved", user_moved_parts},
    {"order_shipped", order_shipped_parts},
    {"order_delivered", order_delivered_parts},
    {"order_cancelled", order_cancelled_parts},
    {"order_returned", order_returned_parts},
    {"ghost", ghost_parts},
    {"user_erased", user_erased_parts},
    {"order_removed", order_removed_parts},
    {"ghost_removed", ghost_removed_parts},
    {"price_changed", price_changed_parts},
}};

}  // namespace

std::span<const model::table> tables()
{
    return all_tables;
}

std::span<const model::unit_kind> kinds()
{
    return all_kinds;
}

}  // namespace bazaar::scenario::thelook

#include "bazaar/scenario/thelook/tables.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "scenario/thelook/states.hpp"

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

/// Text that is put together while compiling.
template <std::size_t Size>
struct made_text
{
    std::array<char, Size> chars{};
    std::size_t size = 0;

    constexpr made_text& operator<<(std::string_view more)
    {
        for (const char c : more)
            chars[size++] = c;
        return *this;
    }
    constexpr operator std::string_view() const { return {chars.data(), size}; }
};

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

/// Name of the column that tells when an order came to a state.
constexpr std::string_view stamp(state_no s)
{
    return orders_columns[states[s].order_stamp].name;
}

/// "Shipped" as names of columns and units have it.
constexpr made_text<32> in_names(state_no s)
{
    made_text<32> text;
    for (const char c : states[s].status)
        text.chars[text.size++] = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
}

constexpr bool stamps_are_named()
{
    for (state_no s = 1; s < states.size(); ++s)
    {
        auto name = in_names(s);
        name << "_at";
        if (stamp(s) != name || order_items_columns[states[s].item_stamp].name != name)
            return false;
    }
    return stamp(first_state) == "created_at" &&
           order_items_columns[states[first_state].item_stamp].name == "created_at";
}
static_assert(stamps_are_named());

/// The states behind the first one, in the order of their columns.
constexpr auto by_column = []
{
    std::array<state_no, states.size() - 1> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<state_no>(i + 1);
    std::sort(all.begin(), all.end(),
              [](state_no a, state_no b) { return states[a].order_stamp < states[b].order_stamp; });
    return all;
}();

/// The last stamp tells the status.
constexpr auto status_of_stamps = []
{
    made_text<1024> text;
    text << "status = CASE";
    for (auto s = by_column.rbegin(); s != by_column.rend(); ++s)
        text << " WHEN " << stamp(*s) << " IS NOT NULL THEN '" << states[*s].status << "'";
    return text << " ELSE '" << states[first_state].status << "' END";
}();

/// A step has a stamp later than the one before it, and none stands beside it.
constexpr auto stamps_in_order = []
{
    made_text<2048> text;
    text << "created_at <= updated_at";
    for (const auto s : by_column)
        text << " AND " << stamp(s) << " > " << stamp(came_from[s]);
    for (std::size_t i = 0; i < by_column.size(); ++i)
        for (std::size_t k = i + 1; k < by_column.size(); ++k)
            if (came_from[by_column[i]] == came_from[by_column[k]])
                text << " AND (" << stamp(by_column[i]) << " IS NULL OR " << stamp(by_column[k]) << " IS NULL)";
    for (const auto s : by_column)
        if (came_from[s] != first_state)
            text << " AND (" << stamp(s) << " IS NULL OR " << stamp(came_from[s]) << " IS NOT NULL)";
    return text;
}();

constexpr std::array orders_keys{foreign_key{"user_id", "users"}};
constexpr std::array orders_checks{
    check{"orders_num_of_items_check", "num_of_items >= 1"},
    check{"orders_status_check", status_of_stamps},
    check{"orders_time_check", stamps_in_order},
};
constexpr std::array orders_indexes{index{"orders_user_id_idx", "user_id"}};

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
constexpr auto event_types = []
{
    made_text<1024> text;
    text << "event_type IN ('home', 'department', 'category', 'product', 'cart', 'purchase'";
    for (const auto& state : states)
        if (!state.closing.empty())
            text << ", '" << state.closing << "'";
    return text << ")";
}();
constexpr std::array events_checks{
    check{"events_event_type_check", event_types},
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

// The same of each step: the status, and the stamp.
using status_and_stamp = std::array<std::uint8_t, 2>;
constexpr auto order_steps = []
{
    std::array<status_and_stamp, states.size()> all{};
    for (std::size_t i = 0; i < states.size(); ++i)
        all[i] = {orders_column::status, states[i].order_stamp};
    return all;
}();
constexpr auto item_steps = []
{
    std::array<status_and_stamp, states.size()> all{};
    for (std::size_t i = 0; i < states.size(); ++i)
        all[i] = {order_items_column::status, states[i].item_stamp};
    return all;
}();

constexpr std::array purchase_parts{part{op::insert, table::orders}, part{op::insert, table::order_items, true},
                                    part{op::insert, table::events, true}};
constexpr std::array user_created_parts{part{op::insert, table::users}};
constexpr std::array user_moved_parts{part{op::update, table::users, false, moved}};
constexpr auto step_parts = []
{
    std::array<std::array<part, 3>, states.size()> all{};
    for (std::size_t i = 0; i < states.size(); ++i)
        all[i] = {part{op::update, table::orders, false, order_steps[i]},
                  part{op::update, table::order_items, true, item_steps[i]}, part{op::insert, table::events, true}};
    return all;
}();
constexpr auto step_names = []
{
    std::array<made_text<32>, states.size()> all{};
    for (std::size_t i = 0; i < states.size(); ++i)
        all[i] << "order_" << in_names(static_cast<state_no>(i));
    return all;
}();
constexpr std::array ghost_parts{part{op::insert, table::events, true}};
constexpr std::array price_changed_parts{part{op::update, table::products, false, repriced}};
constexpr std::array user_erased_parts{part{op::update, table::users, false, erased}};

// Children first: an order is referred to by its items. Events refer to users only.
constexpr std::array order_removed_parts{part{op::erase, table::order_items, true},
                                         part{op::erase, table::events, true}, part{op::erase, table::orders}};
constexpr std::array ghost_removed_parts{part{op::erase, table::events, true}};

constexpr auto all_kinds = []
{
    std::array<model::unit_kind, kind::count> all{};
    all[kind::purchase] = {"purchase", purchase_parts};
    all[kind::user_created] = {"user_created", user_created_parts};
    all[kind::user_moved] = {"user_moved", user_moved_parts};
    for (state_no s = 1; s < states.size(); ++s)
        all[states[s].kind] = {step_names[s], std::span(step_parts[s]).first(closes(s) ? 3 : 2)};
    all[kind::ghost] = {"ghost", ghost_parts};
    all[kind::user_erased] = {"user_erased", user_erased_parts};
    all[kind::order_removed] = {"order_removed", order_removed_parts};
    all[kind::ghost_removed] = {"ghost_removed", ghost_removed_parts};
    all[kind::price_changed] = {"price_changed", price_changed_parts};
    return all;
}();
static_assert(std::none_of(all_kinds.begin(), all_kinds.end(), [](const auto& k) { return k.parts.empty(); }));

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

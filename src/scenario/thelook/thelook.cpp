#include "bazaar/scenario/thelook/thelook.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "scenario/thelook/calendar.hpp"
#include "scenario/thelook/catalogue.hpp"
#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/events.hpp"
#include "scenario/thelook/fields.hpp"
#include "scenario/thelook/growth.hpp"
#include "scenario/thelook/lives.hpp"
#include "scenario/thelook/planner.hpp"
#include "scenario/thelook/prices.hpp"
#include "scenario/thelook/retaining_planner.hpp"
#include "scenario/thelook/shoppers.hpp"
#include "scenario/thelook/survey.hpp"
#include "scenario/thelook/views.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

using model::value;

/// An order so far: its state, and when it was bought and took the steps to it.
struct standing
{
    state_no in;
    moments at;
};

/// Status and stamps of an order or item; `stamp` names the columns.
void fill_stamps(std::span<value> row, std::uint8_t status, std::uint8_t updated_at, std::uint8_t state_row::*stamp,
                 const standing& s)
{
    row[status] = value::of(states[s.in].status);
    row[updated_at] = value::of(s.at[steps_to[s.in]]);
    row[states[first_state].*stamp] = value::of(s.at[0]);
    for (std::size_t i = 0; i < steps_to[s.in]; ++i)
        row[states[paths[s.in][i]].*stamp] = value::of(s.at[i + 1]);
}

class shop final : public scenario
{
public:
    explicit shop(const request& r)
        : settings_(r.configuration),
          version_(is_older(r.version) ? r.version : version_now),
          seed_(r.seed),
          ids_(run_tag(r.run), r.seed),
          catalogue_(r.files, {settings_.text("country"), settings_.text("state"), settings_.text("postal-code")}),
          shoppers_(r.seed, catalogue_, r.run),
          prices_(r.seed, catalogue_.products()),
          sessions_(edition_of(version_), r.seed, catalogue_, ids_)
    {
        if (const thelook::configuration c(settings_); c.retail_calendar || c.growth_milli > 0)
            calendar_.emplace(seed_, c, catalogue_, shoppers_);
    }

    [[nodiscard]] std::string_view name() const override { return "thelook"; }
    [[nodiscard]] std::uint32_t version() const override { return version_; }
    [[nodiscard]] std::uint64_t catalogue() const override { return catalogue_.digest(); }
    [[nodiscard]] std::span<const model::table> tables() const override { return thelook::tables(); }
    [[nodiscard]] std::span<const model::unit_kind> kinds() const override { return thelook::kinds(); }
    [[nodiscard]] const settings& configuration() const override { return settings_; }

    [[nodiscard]] bool plans(std::uint16_t number) const override
    {
        if (number == kind::price_changed)
            return settings_.number("touch-interval") > 0;
        return (number != kind::order_removed && number != kind::ghost_removed) || settings_.number("retain") > 0;
    }

    [[nodiscard]] std::vector<std::string> outlook(const settings& now) const override
    {
        const thelook::configuration c(now);
        auto told = growth(now, catalogue_.products().size());
        const double seconds = static_cast<double>(first_update_after(c)) / 1e6;
        told.insert(told.begin(),
                    !c.step.happens(0) ? "no order updates: --order-update-prob is 0"
                    : seconds < 120    ? fmt::format("first order updates expected after about {:.0f} s", seconds)
                                    : fmt::format("first order updates expected after about {:.1f} h", seconds / 3600));
        return told;
    }

    [[nodiscard]] std::string ends_within(std::optional<microseconds> time,
                                          std::optional<std::uint64_t> ticks) const override
    {
        return thelook::ends_within(settings_, time, ticks);
    }

    [[nodiscard]] std::unique_ptr<planner> plan(time start) const override
    {
        const auto rules = edition_of(version_);
        const auto* const when = calendar_ ? &*calendar_ : nullptr;
        if (settings_.number("retain") > 0)
            return std::make_unique<retaining_planner>(rules, seed_, settings_, start, prices_.round(), when);
        return std::make_unique<shop_planner>(rules, seed_, settings_, start, prices_.round(), when);
    }

    void build(const model::decision& d, model::unit& out) const override
    {
        out.clear();
        out.decision = d;
        if (const state_no to = step_of(d.kind); to != first_state)
            return build_step(d, to, out);
        switch (d.kind)
        {
        case kind::purchase:
            return build_purchase(d, out);
        case kind::user_created:
        {
            const auto row = out.insert(table::users, thelook::tables()[table::users]);
            return shoppers_.fill(row, get<user_created_decision>(d).user, d.no, d.at, d.at, 0, out.arena);
        }
        case kind::user_moved:
        {
            const auto m = get<user_changed_decision>(d);
            const auto row = out.update(table::users, thelook::tables()[table::users]);
            shoppers_.fill(row.before, m.user, m.user_unit, m.created, m.updated, m.moves, out.arena);
            return shoppers_.fill(row.after, m.user, m.user_unit, m.created, d.at, m.moves + 1, out.arena);
        }
        case kind::user_erased:
        {
            const auto e = get<user_changed_decision>(d);
            const auto row = out.update(table::users, thelook::tables()[table::users]);
            shoppers_.fill(row.before, e.user, e.user_unit, e.created, e.updated, e.moves, out.arena);
            std::ranges::copy(row.before, row.after.begin());
            return shoppers_.erase(row.after, e.user, d.at, out.arena);
        }
        case kind::price_changed:
        {
            const auto t = get<price_changed_decision>(d);
            const product& p = prices_.touched(t.touch);
            const auto changes = prices_.changes_before(t.touch);
            const auto row = out.update(table::products, thelook::tables()[table::products]);
            fill_product(row.before, p, prices_.price(p, changes));
            if (changes > 0)
                row.before[products_column::updated_at] = value::of(t.updated);
            fill_product(row.after, p, prices_.price(p, changes + 1));
            row.after[products_column::updated_at] = value::of(d.at);
            return;
        }
        case kind::ghost:
            return build_ghost(get<ghost_decision>(d).session, d.no, d.at, out);
        case kind::order_removed:
            build_whole_order(d, out);
            return out.erase_from(0);
        case kind::ghost_removed:
        {
            const auto g = get<ghost_removed_decision>(d);
            build_ghost(g.session, d.after[0], g.end, out);
            return out.erase_from(0);
        }
        default:
            broken("the decision's kind is one of this scenario");
        }
    }

    [[nodiscard]] bool sells(std::uint16_t number) const override { return number == kind::purchase; }

    [[nodiscard]] sale sale_of(const model::unit& built) const override
    {
        row_id id;
        std::string_view country;
        std::int64_t items = 0;
        std::int64_t cents = 0;
        for (const auto& change : built.changes)
            if (change.table == table::orders)
            {
                id = change.after[orders_column::id].row();
                country = change.after[orders_column::ship_country].text();
            }
            else if (change.table == table::order_items)
            {
                ++items;
                cents += change.after[order_items_column::sale_price].integer() *
                         change.after[order_items_column::quantity].integer();
            }
        return {id, {std::string(country), items, to_decimal(cents, 2)}};
    }

    [[nodiscard]] std::string_view name_of(std::uint8_t number) const override
    {
        return number == table::sessions ? "sessions" : scenario::name_of(number);
    }

    void fixed_rows(std::uint8_t number, const row_taker& take) const override
    {
        const auto degrees = [](std::int64_t micro) { return value::of(static_cast<double>(micro) / 1e6); };
        if (number == table::dist_centers)
            for (const auto& c : catalogue_.centres())
                take(std::array{value::of(c.id), value::of(c.name), degrees(c.latitude), degrees(c.longitude)});
        if (number != table::products)
            return;
        std::vector<value> row(thelook::tables()[table::products].columns.size());
        for (const auto& p : catalogue_.products())
        {
            fill_product(row, p, p.price);
            take(row);
        }
    }

    void initial_rows(std::uint8_t number, time start, const row_taker& take) const override
    {
        if (number != table::users)
            return;
        model::arena arena;
        std::vector<value> row(thelook::tables()[table::users].columns.size());
        const auto users = static_cast<std::uint64_t>(settings_.number("init-num-users"));
        for (std::uint64_t user = 0; user < users; ++user)
        {
            arena.clear();
            const time born = initial_birth(seed_, user, start);
            shoppers_.fill(row, user, no_unit, born, born, 0, arena);
            take(row);
        }
    }

    [[nodiscard]] std::unique_ptr<survey> look(time start, time end) const override
    {
        return shop_survey(*this, start, end);
    }

private:
    using lines = std::array<line, 4>;

    static void fill_product(std::span<value> row, const product& p, std::int64_t price)
    {
        namespace c = products_column;
        row[c::id] = value::of(p.id);
        row[c::cost] = value::of_decimal(p.cost);
        row[c::category] = value::of(p.category);
        row[c::name] = value::of(p.name);
        row[c::brand] = value::of(p.brand);
        row[c::retail_price] = value::of_decimal(price);
        row[c::department] = value::of(p.department);
        row[c::sku] = value::of(p.sku);
        row[c::distribution_center_id] = value::of(p.centre);
    }

    /// What tells the items of an order.
    struct buy
    {
        std::uint64_t order, user;
        unit_no unit;           ///< The purchase.
        std::uint32_t moves;    ///< Address changes of the user before it,
        std::uint64_t touches;  ///< and changes of prices.
        time at;
    };

    /// A product of the shelf that is in season, where there are seasons.
    [[nodiscard]] std::uint32_t pick(const shelf& from, const buy& of, random& draw) const
    {
        constexpr int tries = 8;
        auto position = from.pick(draw);
        if (!calendar_)
            return position;
        const place& where = shoppers_.home(of.user, of.moves);
        for (int i = 1; i < tries && !calendar_->in_season(catalogue_.products()[position], where, of.at, draw); ++i)
            position = from.pick(draw);
        return position;
    }

    /// Items of an order: row numbers leave room for four.
    std::span<const line> basket(const buy& of, lines& out) const
    {
        static constexpr chance own_department{85, 100};
        static constexpr chance same_category{1, 2};
        const auto count = order_size(seed_, of.order);
        const bool woman = shoppers_.woman(of.user);
        auto draw = derive(seed_, stream("basket"), of.order);
        for (std::uint32_t i = 0; i < count; ++i)
        {
            const bool matching = own_department.happens(draw.next());
            const bool alike = same_category.happens(draw.next());
            const shelf& from = i > 0 && alike ? catalogue_.cell(out[0].what->cell)
                                               : catalogue_.department(matching ? woman : !woman);
            auto position = pick(from, of, draw);
            const auto taken = [&](std::uint32_t p)
            {
                return std::any_of(out.begin(), out.begin() + i,
                                   [&](const line& l) { return l.what == &catalogue_.products()[p]; });
            };
            while (taken(position))
                position = (position + 1) % static_cast<std::uint32_t>(catalogue_.products().size());
            const product& what = catalogue_.products()[position];
            out[i] = {&what,
                      draw.between(1, 3),
                      {table::order_items, of.order * 4 + i, of.unit},
                      prices_.price_after(what, of.touches)};
        }
        return {out.data(), count};
    }

    void fill_item(std::span<value> row, const line& l, const row_id& order, const standing& s) const
    {
        namespace c = order_items_column;
        row[c::id] = value::of(l.item);
        row[c::order_id] = value::of(order);
        row[c::product_id] = value::of(l.what->id);
        row[c::quantity] = value::of(l.quantity);
        row[c::sale_price] = value::of_decimal(l.price);
        fill_stamps(row, c::status, c::updated_at, &state_row::item_stamp, s);
    }

    void fill_order(std::span<value> row, const row_id& order, const row_id& user, std::size_t items, const address& to,
                    const standing& s) const
    {
        namespace c = orders_column;
        row[c::id] = value::of(order);
        row[c::user_id] = value::of(user);
        row[c::num_of_items] = value::of(static_cast<std::int64_t>(items));
        row[c::ship_street_address] = value::of(to.street);
        row[c::ship_postal_code] = value::of(to.where->postal_code);
        row[c::ship_city] = value::of(to.where->city);
        row[c::ship_state] = value::of(to.where->state);
        row[c::ship_country] = value::of(to.where->country);
        fill_stamps(row, c::status, c::updated_at, &state_row::order_stamp, s);
    }

    void build_purchase(const model::decision& d, model::unit& out) const
    {
        const auto p = get<purchase_decision>(d);
        const row_id order{table::orders, p.order, d.no};
        const row_id user{table::users, p.user, p.user_unit};
        lines room{};
        const auto bought = basket({p.order, p.user, d.no, p.moves, p.touches, d.at}, room);
        const standing now{first_state, {d.at}};
        fill_order(out.insert(table::orders, thelook::tables()[table::orders]), order, user, bought.size(),
                   shoppers_.home_address(p.user, p.moves, out.arena), now);
        for (const auto& l : bought)
            fill_item(out.insert(table::order_items, thelook::tables()[table::order_items]), l, order, now);
        sessions_.purchase({p.session, d.no, &user, &shoppers_.home(p.user, p.moves_then), p.session_after, d.at,
                            first_source(p.user, p.first != 0)},
                           p.order, bought, out);
    }

    /// What led the user to their first session; of a later one it is drawn.
    [[nodiscard]] std::string_view first_source(std::uint64_t user, bool first) const
    {
        return first ? shoppers_.source(user) : std::string_view();
    }

    void build_ghost(std::uint64_t session, unit_no unit, time end, model::unit& out) const
    {
        auto draw = derive(seed_, stream("ghost home"), session);
        const place& where = catalogue_.places()[catalogue_.population().pick(draw)];
        sessions_.ghost({session, unit, nullptr, &where, end - 2 * session_max, end}, out);
    }

    /// All rows of an order that is over, as they are at its end.
    void build_whole_order(const model::decision& d, model::unit& out) const
    {
        const auto o = get<order_removed_decision>(d);
        const unit_no bought_by = d.after[0], closed_by = d.after[d.after_count - 1U];
        const row_id order{table::orders, o.order, bought_by};
        const row_id user{table::users, o.user, o.user_unit};
        lines room{};
        const auto bought = basket({o.order, o.user, bought_by, o.moves, o.touches, o.at[0]}, room);
        const standing s{o.last, o.at};
        for (const auto& l : bought)
            fill_item(out.insert(table::order_items, thelook::tables()[table::order_items]), l, order, s);
        sessions_.purchase({o.session, bought_by, &user, &shoppers_.home(o.user, o.moves_bought),
                            o.at[0] - microseconds(o.bought_after), o.at[0], first_source(o.user, o.first)},
                           o.order, bought, out);
        if (closes(o.last))
        {
            const time closed = o.at[steps_to[o.last]];
            sessions_.closing({o.closing_session, closed_by, &user, &shoppers_.home(o.user, o.moves_closed),
                               closed - microseconds(o.closed_after), closed},
                              states[o.last].closing, bought, out);
        }
        fill_order(out.insert(table::orders, thelook::tables()[table::orders]), order, user, bought.size(),
                   shoppers_.home_address(o.user, o.moves, out.arena), s);
    }

    void build_step(const model::decision& d, state_no to, model::unit& out) const
    {
        const auto s = get<step_decision>(d);
        const row_id order{table::orders, s.order, s.order_unit};
        const row_id user{table::users, s.user, s.user_unit};
        const standing before{came_from[to], s.at};
        standing after{to, s.at};
        after.at[steps_to[to]] = d.at;
        lines room{};
        const auto bought = basket({s.order, s.user, s.order_unit, s.moves, s.touches, s.at[0]}, room);
        const address home = shoppers_.home_address(s.user, s.moves, out.arena);
        const auto row = out.update(table::orders, thelook::tables()[table::orders]);
        fill_order(row.before, order, user, bought.size(), home, before);
        fill_order(row.after, order, user, bought.size(), home, after);
        for (const auto& l : bought)
        {
            const auto item = out.update(table::order_items, thelook::tables()[table::order_items]);
            fill_item(item.before, l, order, before);
            fill_item(item.after, l, order, after);
        }
        if (closes(to))
            sessions_.closing({s.session, d.no, &user, &shoppers_.home(s.user, s.moves_then), s.session_after, d.at},
                              states[to].closing, bought, out);
    }

    settings settings_;
    std::uint32_t version_;
    std::uint64_t seed_;
    id_codec ids_;
    thelook::catalogue catalogue_;
    shoppers shoppers_;
    price_list prices_;
    session_writer sessions_;
    std::optional<thelook::calendar> calendar_;  ///< If ticks do not always come at the same rate.
};

constexpr std::array sale_columns{sale_column{"country", "Country"}, sale_column{"items", "Items", true},
                                  sale_column{"amount", "Amount", true}};

constexpr std::array<std::string_view, 5> files{"distribution_centers.csv", "products.csv", "places.csv", "names.csv",
                                                "streets.csv"};

std::unique_ptr<scenario> make(const request& r)
{
    return std::make_unique<shop>(r);
}

}  // namespace

const entry& registration()
{
    static const entry row{
        .name = "thelook",
        .version = version_now,
        .tables = thelook::tables(),
        .kinds = thelook::kinds(),
        .fields = fields(),
        .shown = {.title = "Latest orders", .id = "Order", .columns = sale_columns, .people = "users"},
        .files = files,
        .views = views(),
        .make = make};
    return row;
}

}  // namespace bazaar::scenario::thelook

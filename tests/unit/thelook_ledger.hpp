#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/scenario/embedded.hpp"
#include "bazaar/scenario/kit/csv.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/scenario/thelook/thelook.hpp"
#include "golden/stable_hash.hpp"
#include "scenario/thelook/states.hpp"
#include "support/effort.hpp"

namespace bazaar::test
{

namespace look = scenario::thelook;

using given = std::vector<std::pair<std::string_view, std::string_view>>;

inline scenario::request request_of(const given& settings, std::uint64_t seed = 7, std::string run = "main")
{
    const auto& entry = look::registration();
    scenario::request r{std::move(run), seed, scenario::settings(entry.fields), {}};
    for (const auto& [name, value] : settings)
        if (const auto wrong = r.configuration.set(r.configuration.find(name), value); !wrong.empty())
            throw std::invalid_argument(fmt::format("{}: {}", name, wrong));
    return r;
}

inline std::unique_ptr<scenario::scenario> shop_of(const given& settings, std::uint64_t seed = 7,
                                                   std::string run = "main")
{
    return look::registration().make(request_of(settings, seed, std::move(run)));
}

/// A products.csv of which each product has its turn soon.
constexpr std::string_view few_products =
    "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id\n"
    "11,1.00,C,A,B,2.50,Kids,S1,1\n"
    "12,2.49,C,B,B,2.50,Kids,S2,1\n"
    "13,0.01,C,C,B,0.02,Kids,S3,1\n"
    "17,100.00,C,D,B,999.99,Kids,S4,1\n"
    "19,5.00,C,E,B,50.00,Kids,S5,1\n";

inline std::unique_ptr<scenario::scenario> shop_of_few_products(const given& settings)
{
    auto request = request_of(settings);
    request.files["products.csv"] = few_products;
    return look::registration().make(request);
}

/// Whether a unit of this kind is a step of an order.
constexpr bool is_step(std::uint16_t kind)
{
    return look::step_of(kind) != look::first_state;
}

/// The greatest mean number of steps, as --order-update-prob takes it.
inline std::string_view most_steps()
{
    static const auto text = fmt::format("{}", static_cast<double>(look::steps_mean_most) / 1e9);
    return text;
}

inline const time day_one = *parse_time("2026-03-01T00:00:00Z");

/// What the seed files say, read once and apart from the catalogue.
struct seed_facts
{
    struct place
    {
        std::string_view country, state, city, postal_code;
        double latitude, longitude;
        std::int64_t people;
    };

    std::vector<place> places;
    std::unordered_map<std::string, std::size_t> by_address;  ///< country|state|city|postal code.
    std::unordered_set<std::string> sessions_from;            ///< state|city|postal code.
    std::unordered_set<std::string> names;                    ///< country|first F, first M or last|name.

    static const seed_facts& get()
    {
        static const seed_facts facts;
        return facts;
    }

private:
    seed_facts()
    {
        scenario::kit::csv file("places.csv", scenario::embedded("places.csv"),
                                {"country", "state", "city", "postal_code", "latitude", "longitude", "population"});
        while (file.next())
        {
            places.push_back({file.text(0), file.text(1), file.text(2), file.text(3),
                              std::stod(std::string(file.text(4))), std::stod(std::string(file.text(5))),
                              std::stoll(std::string(file.text(6)))});
            const auto& p = places.back();
            by_address.emplace(fmt::format("{}|{}|{}|{}", p.country, p.state, p.city, p.postal_code),
                               places.size() - 1);
            sessions_from.insert(fmt::format("{}|{}|{}", p.state, p.city, p.postal_code));
        }
        scenario::kit::csv people("names.csv", scenario::embedded("names.csv"), {"country", "kind", "gender", "name"});
        while (people.next())
            names.insert(fmt::format("{}|{} {}|{}", people.text(0), people.text(1), people.text(2), people.text(3)));
    }
};

/// Kilometres between two points of the earth.
inline double kilometres(double lat1, double lon1, double lat2, double lon2)
{
    constexpr double rad = 3.14159265358979323846 / 180;
    const double a = std::pow(std::sin((lat2 - lat1) * rad / 2), 2) +
                     std::cos(lat1 * rad) * std::cos(lat2 * rad) * std::pow(std::sin((lon2 - lon1) * rad / 2), 2);
    return 12742 * std::asin(std::sqrt(a));
}

/// Books every unit of a plan, in order, and writes down whatever breaks a rule of the shop.
///
/// Independent of planner and builder: it knows rows only, the seed files, the tables, and the table of states.
class ledger
{
public:
    ledger(const scenario::scenario& shop, time start, std::uint64_t seed = 7, std::string_view run = "main")
        : older_rules(look::is_older(shop.version())),
          shop_(shop),
          ids_(run_tag(run), seed),
          mail_domain_(run == "main" ? "" : fmt::format("{}.", run))
    {
        shop.fixed_rows(look::table::products,
                        [&](std::span<const model::value> row)
                        {
                            what_ = "products";
                            values_fit(look::table::products, row);
                            namespace c = look::products_column;
                            products_[row[c::id].integer()] = {row[c::retail_price].integer(), hash(row), no_unit};
                            const auto slug_of = [](std::string_view text) { return slug(text); };
                            categories_.insert("/category/" + slug_of(row[2].text()));
                            categories_.insert(fmt::format("/department/{}/category/{}", slug_of(row[6].text()),
                                                           slug_of(row[2].text())));
                        });
        shop.initial_rows(look::table::users, start,
                          [&](std::span<const model::value> row)
                          {
                              what_ = "initial user";
                              values_fit(look::table::users, row);
                              new_user(row, no_unit);
                              check(row[look::users_column::created_at].moment() < start - look::session_max,
                                    "is older than the start");
                          });
    }

    void take(const model::unit& u)
    {
        unit_ = &u;
        const auto& d = u.decision;
        what_ = "unit";
        check(d.no == units_, "unit numbers are dense");
        ++units_;
        check(d.at >= last_, "business time never decreases");
        last_ = d.at;
        check(d.kind < shop_.kinds().size() && d.schema == 0 && !d.barrier, "kind, schema and barrier");
        check(d.after_count <= 3, "at most three units before it");
        for (std::size_t i = 0; i < d.after_count; ++i)
            check(d.after[i] < d.no, "a unit comes after earlier ones only");
        check(d.tick >= tick_ && d.tick <= tick_ + 1, "ticks are counted one by one");
        tick_ = d.tick;
        writers_.clear();
        parts_fit(u);
        for (const auto& c : u.changes)
        {
            what_ = shop_.tables()[c.table].name;
            if (!c.before.empty())
                check(hash(c.before) == hash_of(c.table, c.key(shop_.tables()[c.table])),
                      "the side before a change is the row's last written state");
            values_fit(c.table, c.after.empty() ? c.before : c.after);
        }
        switch (d.kind)
        {
        case look::kind::purchase:
            purchase(u);
            break;
        case look::kind::user_created:
            what_ = "users";
            new_user(u.changes[0].after, d.no);
            check(u.changes[0].after[look::users_column::created_at].moment() == d.at, "a user is born in its unit");
            break;
        case look::kind::user_moved:
            moved(u);
            break;
        case look::kind::ghost:
            ghost(u);
            break;
        case look::kind::user_erased:
            erased(u);
            break;
        case look::kind::order_removed:
        case look::kind::ghost_removed:
            removed(u);
            break;
        case look::kind::price_changed:
            price_changed(u);
            break;
        default:
            step(u);
        }
        for (std::size_t i = 0; i < d.after_count; ++i)
            check(writers_.contains(d.after[i]), "a unit comes after last writers of its rows only");
        check(writers_.size() == d.after_count, "a unit comes after the last writers of its rows");
        ++kinds[d.kind];
    }

    std::uint64_t users = 0, orders = 0, items = 0, events = 0, sessions = 0;
    bool older_rules;  ///< What is judged by.
    std::array<std::uint64_t, 16> kinds{};
    std::vector<std::uint64_t> buyers;  ///< Row number of the user of each order.
    std::array<std::uint64_t, look::states.size()> by_state{};
    std::uint64_t removed_orders = 0;
    std::vector<std::string> problems;  ///< The first twenty.

    /// The same numbers as the planner's figures, in their form.
    [[nodiscard]] std::map<std::string, std::uint64_t> figures() const
    {
        std::map<std::string, std::uint64_t> all{{"rows users", users},
                                                 {"rows orders", orders - removed_orders},
                                                 {"rows order_items", items},
                                                 {"rows events", events_.size()}};
        for (std::size_t i = 0; i < by_state.size(); ++i)
            all[fmt::format("orders {}", look::states[i].status)] = by_state[i];
        return all;
    }

    /// Those that are in a state which all leave, where lives are complete.
    [[nodiscard]] std::uint64_t open_orders() const
    {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < by_state.size(); ++i)
            for (const auto& state : look::states)
                sum += state.from == look::states[i].status && state.percent == look::all_others ? by_state[i] : 0;
        return sum;
    }

    /// Whether one of those who may buy at this moment is not in the middle of a session, which needs 20 us.
    [[nodiscard]] bool somebody_may_buy(time at) const
    {
        const auto young = std::partition_point(users_.begin(), users_.end(),
                                                [&](const user& u) { return u.created + look::session_max < at; });
        const auto active = shop_.configuration().number("active-users");
        const auto first = young - std::min<std::int64_t>(active, young - users_.begin());
        return std::any_of(first, young,
                           [&](const user& u) { return !u.erased && u.session_end + microseconds(20) <= at; });
    }

private:
    struct user
    {
        time created, updated, moved_at, session_end;
        unit_no unit, writer;
        std::size_t home, home_before;
        std::uint64_t street;
        std::uint64_t hash;
        bool erased = false;
        std::string_view source;                 ///< Of the seed text's lifetime.
        std::array<std::uint64_t, 3> devices{};  ///< Hashes of browser and address.
        std::uint8_t devices_seen = 0;
        bool visited = false;
    };
    struct order
    {
        std::uint64_t user;
        unit_no unit, writer;
        std::uint64_t hash;
        std::size_t state;
        std::uint8_t items;
        time created;
        std::size_t events = 0;
    };
    struct priced
    {
        std::int64_t price = 0;
        std::uint64_t hash = 0;
        unit_no writer = no_unit;
    };
    struct item
    {
        std::uint64_t hash = 0;
        std::uint64_t order = 0;
    };

    static std::string slug(std::string_view text)
    {
        std::string out;
        for (const char c : text)
            if (c == '&')
                out += "and";
            else if (c == ' ')
                out += '-';
            else
                out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return out;
    }

    static std::uint64_t hash(std::span<const model::value> row)
    {
        stable_hash h;
        h.add(row);
        return h.value();
    }

    [[nodiscard]] std::uint64_t hash_of(std::uint8_t table, const model::value& key) const
    {
        if (table == look::table::products)
            return products_.contains(key.integer()) ? products_.at(key.integer()).hash : 0;
        const auto row = key.row().row;
        if (table == look::table::users && row < users_.size())
            return users_[row].hash;
        if (table == look::table::orders && row < orders_.size())
            return orders_[row].hash;
        if (table == look::table::order_items && row < items_.size())
            return items_[row].hash;
        if (const auto event = events_.find(row); table == look::table::events && event != events_.end())
            return event->second;
        return 0;
    }

    void check(bool holds, std::string_view rule)
    {
        if (holds || problems.size() >= 20)
            return;
        std::string text = fmt::format("{}: {}", what_, rule);
        if (unit_ != nullptr)
        {
            text += '\n';
            model::renderer(shop_.tables(), shop_.kinds(), ids_).text(*unit_, text);
        }
        problems.push_back(std::move(text));
    }

    /// Types, NULLs and UTF-8 as the columns say.
    void values_fit(std::uint8_t table, std::span<const model::value> row)
    {
        const auto& t = shop_.tables()[table];
        if (row.size() != t.columns.size())
            return check(false, "a row has all columns");
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            if (row[i].null())
            {
                check(t.columns[i].nullable, "a column that must not be NULL");
                continue;
            }
            check(row[i].kind() == t.columns[i].kind, "a value has its column's type");
            if (row[i].kind() == model::type::text)
                check(!row[i].text().empty() && row[i].text() != "null" && !scenario::kit::utf8_error(row[i].text()),
                      "text is UTF-8 and says something");
        }
    }

    /// The changes are the parts of the unit's kind; an update touches only the part's columns and the version, which grows.
    void parts_fit(const model::unit& u)
    {
        std::size_t at = 0;
        for (const auto& p : shop_.kinds()[u.decision.kind].parts)
        {
            std::size_t count = 0;
            for (; at < u.changes.size() && u.changes[at].what == p.what && u.changes[at].table == p.table;
                 ++at, ++count)
            {
                const auto& c = u.changes[at];
                const auto& t = shop_.tables()[p.table];
                if (p.what != model::op::update)
                    continue;
                check(c.before[t.version].moment() < c.after[t.version].moment(), "a row's version grows");
                check(c.after[t.version].moment() == u.decision.at, "a row's version is the unit's moment");
                bool differs = false;
                for (std::size_t i = 0; i < t.columns.size(); ++i)
                {
                    const bool may = std::find(p.columns.begin(), p.columns.end(), i) != p.columns.end();
                    const bool does = !(c.before[i] == c.after[i]);
                    differs = differs || (may && does);
                    check(may || !does || i == t.version, "an update touches the columns of its part only");
                }
                check(differs, "an update changes something");
            }
            check(p.many || count == 1, "a part that is one row");
        }
        check(at == u.changes.size(), "no change outside the parts of the kind");
    }

    void new_user(std::span<const model::value> row, unit_no unit)
    {
        namespace c = look::users_column;
        const auto id = row[c::id].row();
        check(id == row_id{look::table::users, users, unit}, "user ids are dense and name their unit");
        const auto text = [&](std::uint8_t column) { return row[column].text(); };
        const bool woman = text(c::gender) == "F";
        check(woman || text(c::gender) == "M", "gender is F or M");
        const auto& facts = seed_facts::get();
        check(
            facts.names.contains(fmt::format("{}|first {}|{}", text(c::country), text(c::gender), text(c::first_name))),
            "the first name fits gender and country");
        check(facts.names.contains(fmt::format("{}|last -|{}", text(c::country), text(c::last_name))),
              "the last name fits the country");
        check(row[c::age].integer() >= 18 && row[c::age].integer() <= 70, "age from 18 to 70");
        const auto mail = text(c::email);
        const auto end = mail.find(fmt::format(".{}@{}example.", users, mail_domain_));
        check(end != std::string_view::npos, "the e-mail carries the user's number and the run");
        check(mail.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.@-") == std::string_view::npos,
              "the e-mail is of small ASCII letters");
        check(mails_.insert(std::string(mail)).second, "no e-mail twice");
        static const std::unordered_set<std::string_view> sources{"Organic", "Facebook", "Search", "Email", "Display"};
        check(sources.contains(text(c::traffic_source)), "traffic source of users");
        const time created = row[c::created_at].moment();
        check(created == row[c::updated_at].moment(), "a new user was never updated");
        const auto home = place_of(row);
        users_.push_back({created, created, created, created, unit, unit, home, home, street(row), hash(row), false,
                          row[c::traffic_source].text()});
        ++users;
    }

    static std::uint64_t street(std::span<const model::value> row)
    {
        stable_hash h;
        h.add(row[look::users_column::street_address]);
        return h.value();
    }

    /// Number of the place in the seed file, near whose point the user lives.
    std::size_t place_of(std::span<const model::value> row)
    {
        namespace c = look::users_column;
        const auto& facts = seed_facts::get();
        check(row[c::street_address].text().find_first_of("{}") == std::string_view::npos, "the street is filled in");
        const auto found = facts.by_address.find(fmt::format("{}|{}|{}|{}", row[c::country].text(),
                                                             row[c::state].text(), row[c::city].text(),
                                                             row[c::postal_code].text()));
        check(found != facts.by_address.end(), "an address is one row of places.csv");
        if (found == facts.by_address.end())
            return 0;
        const auto& p = facts.places[found->second];
        check(kilometres(p.latitude, p.longitude, row[c::latitude].number(), row[c::longitude].number()) < 50,
              "a user lives within 50 km of its place");
        return found->second;
    }

    user* user_of(const model::value& ref)
    {
        const auto id = ref.row();
        const bool known = id.table == look::table::users && id.row < users_.size() && users_[id.row].unit == id.unit;
        check(known, "the user exists and was planned earlier");
        return known ? &users_[id.row] : nullptr;
    }

    void wrote(unit_no writer)
    {
        if (writer != no_unit)
            writers_.insert(writer);
    }

    /// The user whom the unit changes first of all.
    user* changed_by(const model::unit& u)
    {
        user* who = user_of(u.changes[0].after[look::users_column::id]);
        if (who == nullptr)
            return nullptr;
        wrote(who->writer);
        who->writer = u.decision.no;
        who->updated = u.decision.at;
        return who;
    }

    void moved(const model::unit& u)
    {
        const auto& row = u.changes[0].after;
        user* who = changed_by(u);
        if (who == nullptr)
            return;
        who->moved_at = u.decision.at;
        who->home_before = who->home;
        who->home = place_of(row);
        who->street = street(row);
        who->hash = hash(row);
        check(!who->erased, "who is forgotten moves no more");
    }

    void price_changed(const model::unit& u)
    {
        namespace c = look::products_column;
        const auto& before = u.changes[0].before;
        const auto& row = u.changes[0].after;
        const auto at = products_.find(row[c::id].integer());
        if (at == products_.end())
            return check(false, "the product exists");
        wrote(at->second.writer);
        wrote(last_price_);
        check(before[c::updated_at].null() == (at->second.writer == no_unit), "only what was never changed says so");
        check(row[c::retail_price].integer() > row[c::cost].integer(), "products cost less than they are sold for");
        at->second = {row[c::retail_price].integer(), hash(row), u.decision.no};
        last_price_ = u.decision.no;
    }

    void erased(const model::unit& u)
    {
        namespace c = look::users_column;
        what_ = "users";
        const auto& before = u.changes[0].before;
        const auto& row = u.changes[0].after;
        user* who = changed_by(u);
        if (who == nullptr)
            return;
        who->hash = hash(row);
        check(!who->erased, "nobody is forgotten twice");
        check(who->session_end < u.decision.at, "nobody is forgotten in the middle of a session");
        check(who->created + look::session_max < u.decision.at, "nobody is forgotten who could not buy yet");
        who->erased = true;
        for (const auto blank : {c::first_name, c::last_name, c::street_address, c::postal_code, c::city})
            check(row[blank].text() == "erased", "what tells who it was is blank");
        check(row[c::age].integer() == 120 && row[c::latitude].number() == 0 && row[c::longitude].number() == 0,
              "age and coordinates are nobody's");
        check(row[c::email].text() == fmt::format("erased-{}@{}example.com", row[c::id].row().row, mail_domain_),
              "the e-mail tells nothing");
        check(mails_.insert(std::string(row[c::email].text())).second, "no e-mail twice");
        for (const auto same : {c::id, c::gender, c::state, c::country, c::traffic_source, c::created_at})
            check(row[same] == before[same], "gender, state, country, source and birth stay");
    }

    /// Status and stamps of an order or item; returns the state, by its place in the table of states.
    std::size_t stamps_fit(std::span<const model::value> row, std::uint8_t status, std::uint8_t updated_at,
                           std::uint8_t look::state_row::*stamp)
    {
        std::size_t in = 0;
        for (std::size_t i = 0; i < look::states.size(); ++i)
        {
            const auto& at = row[look::states[i].*stamp];
            if (i > 0 && at.null())
                continue;
            check(at.moment() <= unit_->decision.at, "no stamp lies in the future");
            if (i == 0)
                continue;
            // One behind the other: what is not of this life has no stamp.
            check(look::states[i].from == look::states[in].status &&
                      row[look::states[in].*stamp].moment() < at.moment(),
                  "the stamps of a life are in order");
            in = i;
        }
        check(row[status].text() == look::states[in].status, "the status follows from the stamps");
        check(row[updated_at].moment() >= row[look::states[in].*stamp].moment() &&
                  row[updated_at].moment() <= unit_->decision.at,
              "the version is not older than the stamps");
        return in;
    }

    std::size_t order_fits(std::span<const model::value> row)
    {
        namespace c = look::orders_column;
        return stamps_fit(row, c::status, c::updated_at, &look::state_row::order_stamp);
    }

    /// Whether an event is one of a session that ends an order.
    static bool ends_order(std::string_view event_type)
    {
        return std::any_of(look::states.begin(), look::states.end(),
                           [&](const auto& s) { return !s.closing.empty() && s.closing == event_type; });
    }

    /// All rows of `items` belong to the order, equal its stamps, and are as many as it says; returns how many.
    std::size_t items_fit(const model::unit& u, std::size_t first, std::span<const model::value> order_row)
    {
        namespace c = look::order_items_column;
        namespace o = look::orders_column;
        std::unordered_set<std::int64_t> bought;
        std::size_t at = first;
        for (; at < u.changes.size() && u.changes[at].table == look::table::order_items; ++at)
        {
            const auto& row = u.changes[at].after;
            check(row[c::order_id] == order_row[o::id], "an item is of its order");
            check(bought.insert(row[c::product_id].integer()).second, "no product twice in an order");
            check(row[c::status] == order_row[o::status], "an item has its order's status");
            check(row[c::updated_at] == order_row[o::updated_at], "an item has its order's version");
            for (const auto& state : look::states)
                check(row[state.item_stamp] == order_row[state.order_stamp], "an item has its order's stamps");
            check(row[c::quantity].integer() >= 1 && row[c::quantity].integer() <= 3, "quantity from 1 to 3");
            const auto product = products_.find(row[c::product_id].integer());
            check(product != products_.end() && (u.changes[at].what != model::op::insert ||
                                                 product->second.price == row[c::sale_price].integer()),
                  "an item is a product at its retail price of that moment");
            stamps_fit(row, c::status, c::updated_at, &look::state_row::item_stamp);
            const auto id = row[c::id].row();
            const auto in_order = order_row[o::id].row();
            check(id == row_id{look::table::order_items, in_order.row * 4 + (at - first), in_order.unit},
                  "item ids follow the order's");
            if (items_.size() <= id.row)
                items_.resize(id.row + 1);
            if (u.changes[at].what == model::op::insert)
            {
                check(items_[id.row].hash == 0, "no item twice");
                ++items;
            }
            items_[id.row] = {hash(row), in_order.row};
        }
        check(order_row[o::num_of_items].integer() == static_cast<std::int64_t>(at - first) && at > first,
              "an order has as many items as it says");
        return at - first;
    }

    void purchase(const model::unit& u)
    {
        namespace c = look::orders_column;
        what_ = "orders";
        const auto& row = u.changes[0].after;
        const auto id = row[c::id].row();
        check(id == row_id{look::table::orders, orders, u.decision.no}, "order ids are dense and name their unit");
        check(u.decision.tick == orders + 1, "a tick is one purchase");
        ++orders;
        check(order_fits(row) == 0 && row[c::created_at].moment() == u.decision.at &&
                  row[c::updated_at].moment() == u.decision.at,
              "an order begins in the first state, in its unit");
        user* who = user_of(row[c::user_id]);
        if (who == nullptr)
            return;
        wrote(who->writer);
        wrote(last_price_);
        buyers.push_back(row[c::user_id].row().row);
        check(who->created + look::session_max < u.decision.at,
              "a user buys only after birth plus the longest session");
        const auto& home = seed_facts::get().places[who->home];
        stable_hash ship_street;
        ship_street.add(row[c::ship_street_address]);
        check(row[c::ship_country].text() == home.country && row[c::ship_state].text() == home.state &&
                  row[c::ship_city].text() == home.city && row[c::ship_postal_code].text() == home.postal_code &&
                  ship_street.value() == who->street,
              "an order goes to its user's address");
        const auto count = items_fit(u, 1, row);
        orders_.push_back({row[c::user_id].row().row, u.decision.no, u.decision.no, hash(row), 0,
                           static_cast<std::uint8_t>(count), u.decision.at});
        ++by_state[0];
        session(u, 1 + count, who);
        orders_.back().events = u.changes.size() - 1 - count;
        std::size_t purchases = 0;
        std::unordered_set<std::int64_t> carts;
        for (std::size_t i = 1 + count; i < u.changes.size(); ++i)
        {
            const auto& e = u.changes[i].after;
            const auto type = e[look::events_column::event_type].text();
            check(!ends_order(type), "a purchase's session ends no order");
            if (type == "purchase")
                check(++purchases == 1 && i + 1 == u.changes.size() &&
                          e[look::events_column::created_at].moment() == row[c::created_at].moment(),
                      "one purchase event, last, at the order's moment");
            if (type == "cart")
                carts.insert(e[look::events_column::product_id].integer());
        }
        check(purchases == 1, "a purchase has a purchase event");
        for (std::size_t i = 1; i <= count; ++i)
            check(carts.erase(u.changes[i].after[look::order_items_column::product_id].integer()) == 1,
                  "what is bought was in the cart");
        check(carts.empty(), "the cart is what is bought");
    }

    void step(const model::unit& u)
    {
        namespace c = look::orders_column;
        what_ = "orders";
        const auto& row = u.changes[0].after;
        const auto id = row[c::id].row();
        if (id.row >= orders_.size() || orders_[id.row].unit != id.unit)
            return check(false, "the order exists and was planned earlier");
        order& o = orders_[id.row];
        wrote(o.writer);
        const auto in = order_fits(row);
        const auto& to = look::states[in];
        check(to.from == look::states[o.state].status, "an order takes a legal step");
        check(to.kind == u.decision.kind, "the step is the unit's kind");
        check(row[to.order_stamp].moment() == u.decision.at, "a step is stamped with the unit's moment");
        --by_state[o.state];
        ++by_state[in];
        o.state = in;
        o.writer = u.decision.no;
        o.hash = hash(row);
        const auto count = items_fit(u, 1, row);
        check(count == o.items, "a step takes all items");
        if (!to.closing.empty())
        {
            user* who = user_of(row[c::user_id]);
            if (who == nullptr)
                return;
            wrote(who->writer);
            session(u, 1 + count, who);
            o.events += u.changes.size() - 1 - count;
            std::unordered_set<std::uint64_t> closed;
            for (std::size_t i = 1 + count; i < u.changes.size(); ++i)
            {
                const auto& e = u.changes[i].after;
                const auto type = e[look::events_column::event_type].text();
                check(older_rules || ends_order(type), "a session that ends an order looks at nothing");
                if (!ends_order(type) && type != "purchase")
                    continue;
                check(type == to.closing, "the session closes in the order's way");
                const auto uri = e[look::events_column::uri].text();
                const auto uuid = parse_uuid(uri.substr(uri.rfind('/') + 1));
                const auto closing = uuid ? ids_.decode(*uuid) : std::nullopt;
                check(closing && closing->table == look::table::order_items && closing->unit == o.unit &&
                          closing->row / 4 == id.row && closed.insert(closing->row).second,
                      "a closing event names an item of its order, once");
                if (!closing)
                    continue;
                const auto& item_row = u.changes[1 + closing->row % 4].after;
                check(e[look::events_column::product_id] == item_row[look::order_items_column::product_id],
                      "a closing event has the item's product");
            }
            check(closed.size() == count, "one closing event an item");
        }
    }

    void ghost(const model::unit& u)
    {
        session(u, 0, nullptr);
        for (const auto& c : u.changes)
        {
            const auto type = c.after[look::events_column::event_type].text();
            check(type != "purchase" && !ends_order(type), "an anonymous session closes nothing");
        }
    }

    /// All that belongs to one order, or the whole session of nobody. That the rows were there, and so, is checked before.
    void removed(const model::unit& u)
    {
        const bool of_order = u.decision.kind == look::kind::order_removed;
        std::size_t item_count = 0, event_count = 0;
        const auto& main = u.changes.back().before;
        order* o = nullptr;
        if (of_order)
        {
            const auto id = main[look::orders_column::id].row();
            if (id.row >= orders_.size() || orders_[id.row].unit != id.unit || orders_[id.row].hash == 0)
                return check(false, "an order that goes is there");
            o = &orders_[id.row];
            wrote(o->unit);
            wrote(o->writer);
        }
        for (const auto& c : u.changes)
        {
            const auto id = c.before[shop_.tables()[c.table].key].row();
            if (c.table == look::table::order_items)
            {
                ++item_count;
                check(o != nullptr && items_[id.row].order == main[look::orders_column::id].row().row,
                      "an item goes with its order");
                items_[id.row].hash = 0;
            }
            else if (c.table == look::table::events)
            {
                namespace e = look::events_column;
                ++event_count;
                check(of_order ? id.unit == o->unit || id.unit == o->writer : c.before[e::user_id].null(),
                      "a session goes with what it was for");
                if (!of_order)
                    wrote(id.unit);
                events_.erase(id.row);
            }
        }
        if (!of_order)
        {
            const auto first = u.changes[0].before[look::events_column::id].row().row;
            for (std::uint64_t i = 0; i < 16; ++i)
                check(!events_.contains(first / 16 * 16 + i), "nothing of a session stays");
            return;
        }
        check(item_count == o->items && event_count == o->events, "nothing of an order stays");
        items -= item_count;
        --by_state[o->state];
        ++removed_orders;
        o->hash = 0;
    }

    /// The events from `first` to the end of the unit are one session.
    void session(const model::unit& u, std::size_t first, user* who)
    {
        namespace c = look::events_column;
        what_ = "events";
        if (first >= u.changes.size())
            return check(false, "a session has events");
        const auto& head = u.changes[first].after;
        const auto id = head[c::session_id].row();
        check(id == row_id{look::table::sessions, sessions, u.decision.no},
              "session numbers are dense and name their unit");
        ++sessions;
        const time begin = head[c::created_at].moment();
        time before{INT64_MIN};
        std::unordered_set<std::int64_t> viewed;
        for (std::size_t i = first; i < u.changes.size(); ++i)
        {
            const auto& e = u.changes[i].after;
            ++events;
            events_[e[c::id].row().row] = hash(e);
            check(e[c::id].row() == row_id{look::table::events, sessions * 16 - 16 + (i - first), u.decision.no},
                  "event ids follow the session's");
            check(e[c::sequence_number].integer() == static_cast<std::int64_t>(i - first) + 1,
                  "sequence numbers are 1..n");
            for (const auto same : {c::session_id, c::user_id, c::ip_address, c::city, c::state, c::postal_code,
                                    c::browser, c::traffic_source})
                check(e[same] == head[same], "a session has one user, place, browser and source");
            const time at = e[c::created_at].moment();
            check(before < at, "the events of a session follow each other");
            before = at;
            const auto type = e[c::event_type].text();
            const auto uri = e[c::uri].text();
            const bool has_product = !e[c::product_id].null();
            const auto product = has_product ? e[c::product_id].integer() : 0;
            check(!has_product || products_.contains(product), "an event's product exists");
            if (type == "home")
                check(uri == "/home" && !has_product, "uri of home");
            else if (type == "department" || type == "category")
                check(categories_.contains(std::string(uri)) &&
                          uri.starts_with(type == "category" ? "/category/" : "/department/") && !has_product,
                      "uri of a department or category");
            else if (type == "product")
            {
                check(has_product && uri == fmt::format("/product/{}", product), "uri of a product");
                viewed.insert(product);
            }
            else if (type == "cart")
                check(uri == "/cart" && has_product && viewed.contains(product), "a cart after a view of that product");
            else if (type == "purchase")
                check(uri == "/purchase" && !has_product, "uri of a purchase");
            else
                check(ends_order(type) && uri.starts_with(fmt::format("/{}/item/", type)) && has_product,
                      "uri of a closing event");
        }
        check(before == u.decision.at, "a session ends with its unit");
        check(before - begin <= look::session_max, "a session is at most ten minutes");
        if (who == nullptr)
        {
            check(head[c::user_id].null(), "an anonymous session has no user");
            check(seed_facts::get().sessions_from.contains(fmt::format(
                      "{}|{}|{}", head[c::state].text(), head[c::city].text(), head[c::postal_code].text())),
                  "a session comes from one row of places.csv");
            return;
        }
        check(!head[c::user_id].null() && user_of(head[c::user_id]) == who, "the session is the order's user's");
        check(begin > who->created, "no event before its user");
        check(!who->erased, "who is forgotten visits no more");
        check(begin > who->session_end, "sessions of one user do not overlap");
        who->session_end = before;
        const auto& home = seed_facts::get()
                               .places[older_rules && begin < who->moved_at ? who->home_before : who->home];
        check(head[c::state].text() == home.state && head[c::city].text() == home.city &&
                  head[c::postal_code].text() == home.postal_code,
              older_rules ? "a session comes from where its user lived when it began"
                          : "a session comes from where its user lives");
        if (!older_rules)
            visited(head, *who);
    }

    /// What a user is known by from one session to the next.
    void visited(std::span<const model::value> head, user& who)
    {
        namespace c = look::events_column;
        stable_hash device;
        device.add(head[c::browser]);
        device.add(head[c::ip_address]);
        const auto seen = std::span(who.devices).first(who.devices_seen);
        if (std::ranges::find(seen, device.value()) == seen.end())
        {
            check(who.devices_seen < who.devices.size(), "a user has three devices at most");
            if (who.devices_seen < who.devices.size())
                who.devices[who.devices_seen++] = device.value();
        }
        check(head[c::browser].text() != "IE", "nobody comes by Internet Explorer");
        check(who.visited || head[c::traffic_source].text() == who.source,
              "the first session comes by the user's source");
        who.visited = true;
    }

    const scenario::scenario& shop_;
    id_codec ids_;
    std::string mail_domain_;
    unit_no last_price_ = no_unit;                       ///< The unit of the last price change.
    std::unordered_map<std::int64_t, priced> products_;  ///< By id.
    std::unordered_set<std::string> categories_;
    std::unordered_set<std::string> mails_;
    std::vector<user> users_;
    std::vector<order> orders_;
    std::vector<item> items_;
    std::unordered_map<std::uint64_t, std::uint64_t> events_;  ///< Hash by row.
    std::unordered_set<unit_no> writers_;
    const model::unit* unit_ = nullptr;
    std::string_view what_;
    unit_no units_ = 0;
    std::uint64_t tick_ = 0;
    time last_{INT64_MIN};
};

/// The planner's figures in the ledger's form.
inline std::map<std::string, std::uint64_t> figures_of(const scenario::planner& planner)
{
    std::vector<scenario::figure> list;
    planner.figures(list);
    std::map<std::string, std::uint64_t> all;
    for (const auto& f : list)
        all[fmt::format("{} {}", f.group, f.name)] = f.value;
    return all;
}

}  // namespace bazaar::test

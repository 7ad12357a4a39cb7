#include "scenario/thelook/events.hpp"

#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "bazaar/base/fixed.hpp"
#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/scenario/thelook/thelook.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

using model::value;

/// Shares of phones and desktops together, StatCounter 2023: Samsung's, Opera and the like are others.
constexpr std::array<std::string_view, 5> browsers{"Chrome", "Safari", "Edge", "Firefox", "Other"};
constexpr std::array<std::uint32_t, 5> browser_weights{69, 16, 4, 2, 9};

/// Those who have been there before come by e-mail more often. By `traffic_sources`.
constexpr std::array<std::uint32_t, 5> source_again_weights{5, 10, 30, 45, 10};

/// A user has one to three devices, each with a browser and an address; and how often they take up each of three.
constexpr std::array<std::uint32_t, 3> devices_weights{50, 35, 15};
constexpr std::array<std::uint32_t, 3> device_weights{70, 20, 10};

constexpr std::array<std::string_view, 6> older_browsers{"IE", "Edge", "Chrome", "Safari", "Firefox", "Other"};
constexpr std::array<std::uint32_t, 6> older_browser_weights{5, 10, 45, 20, 15, 5};
constexpr std::array<std::string_view, 5> older_sources{"Email", "Adwords", "Organic", "YouTube", "Facebook"};
constexpr std::array<std::uint32_t, 5> older_source_weights{45, 30, 5, 10, 10};

constexpr chance two_thirds{2, 3};
constexpr chance half{1, 2};
constexpr chance quarter{1, 4};

/// Pages before the first product of a purchase.
struct path
{
    bool home, department;
};

path purchase_path(std::uint64_t seed, std::uint64_t order)
{
    auto r = derive(seed, stream("purchase path"), order);
    const bool home = two_thirds.happens(r.next());
    return {home, two_thirds.happens(r.next())};
}

/// Addresses that belong to nobody: RFC 2544's benchmark range and the three blocks of RFC 5737.
std::string_view ip_address(random& draw, model::arena& arena)
{
    const auto n = draw.below(131'072 + 768);
    const auto low = n & 255;
    std::array<char, 16> text{};
    const auto print = [&](std::uint64_t a, std::uint64_t b, std::uint64_t c)
    {
        const auto end = fmt::format_to(text.data(), "{}.{}.{}.{}", a, b, c, low);
        return arena.keep({text.data(), static_cast<std::size_t>(end - text.data())});
    };
    if (n < 131'072)
        return print(198, 18 + (n >> 16), n >> 8 & 255);
    if (n < 131'072 + 256)
        return print(192, 0, 2);
    if (n < 131'072 + 512)
        return print(198, 51, 100);
    return print(203, 0, 113);
}

/// Lower case, blanks to dashes, "&" to "and": the form of a name in a URI.
char* slug(char* out, std::string_view text)
{
    for (const char c : text)
    {
        if (c >= 'A' && c <= 'Z')
            *out++ = static_cast<char>(c - 'A' + 'a');
        else if (c == ' ')
            *out++ = '-';
        else if (c == '&')
            out = fmt::format_to(out, "and");
        else
            *out++ = c;
    }
    return out;
}

}  // namespace

std::uint32_t purchase_events(std::uint64_t seed, std::uint64_t order, std::uint32_t items)
{
    const path p = purchase_path(seed, order);
    return (p.home ? 1U : 0U) + (p.department ? 1U : 0U) + 2 * items + 1;
}

std::uint32_t ghost_events(std::uint64_t seed, std::uint64_t session)
{
    return 3 + static_cast<std::uint32_t>(derive(seed, stream("ghost size"), session).below(4));
}

std::uint32_t closing_events(edition rules, std::uint32_t items)
{
    return rules == edition::older ? 3 * items : items;
}

/// One session being written.
class session_writer::writing
{
public:
    writing(const session_writer& with, const visit& v, std::uint32_t count, model::unit& out)
        : with_(with), visit_(v), count_(count), out_(out), draw_(derive(with.seed_, stream("session"), v.session))
    {
        if (with.rules_ == edition::older)
        {
            ip_ = ip_address(draw_, out.arena);
            browser_ = older_browsers[kit::pick(draw_, older_browser_weights)];
            source_ = older_sources[kit::pick(draw_, older_source_weights)];
        }
        else
        {
            auto device = device_of_visitor();
            ip_ = ip_address(device, out.arena);
            browser_ = browsers[kit::pick(device, browser_weights)];
            source_ = !v.source.empty() ? v.source
                                        : traffic_sources[kit::pick(draw_, v.user == nullptr ? source_weights
                                                                                             : source_again_weights)];
        }
        set_times();
    }

    void home() { add("home", "/home", nullptr); }
    void purchase() { add("purchase", "/purchase", nullptr); }
    void cart(const product& p) { add("cart", "/cart", &p); }

    void department(const product& p)
    {
        auto buffer = room(p.department.size() + p.category.size());
        char* end = fmt::format_to(buffer, "/department/");
        end = slug(end, p.department);
        end = fmt::format_to(end, "/category/");
        add("department", {buffer, static_cast<std::size_t>(slug(end, p.category) - buffer)}, nullptr);
    }

    void category(const product& p)
    {
        auto buffer = room(p.category.size());
        char* end = fmt::format_to(buffer, "/category/");
        add("category", {buffer, static_cast<std::size_t>(slug(end, p.category) - buffer)}, nullptr);
    }

    void view(const product& p)
    {
        auto buffer = room(0);
        const char* end = fmt::format_to(buffer, "/product/{}", p.id);
        add("product", {buffer, static_cast<std::size_t>(end - buffer)}, &p);
    }

    void close(std::string_view type, const line& l)
    {
        auto buffer = room(0);
        const char* end = print(with_.ids_.encode(l.item), fmt::format_to(buffer, "/{}/item/", type));
        add(type, {buffer, static_cast<std::size_t>(end - buffer)}, l.what);
    }

    [[nodiscard]] random& draw() noexcept { return draw_; }

private:
    /// Memory for a URI with up to `names` bytes of names in it ("&" grows to three).
    char* room(std::size_t names) { return reinterpret_cast<char*>(out_.arena.allocate(96 + 3 * names)); }

    /// The draws of one of the user's devices; of a stranger's.
    random device_of_visitor()
    {
        if (visit_.user == nullptr)
            return derive(with_.seed_, stream("device of a stranger"), visit_.session);
        auto owner = derive(with_.seed_, stream("devices"), visit_.user->row);
        const auto count = 1 + kit::pick(owner, devices_weights);
        const auto which = kit::pick(draw_, device_weights) % count;
        return derive(with_.seed_, stream("device"), visit_.user->row * device_weights.size() + which);
    }

    void set_times()
    {
        // Gaps of a second and an exponential of mean 18 s, within 2 min; the whole shrinks into the room there is.
        std::array<std::uint64_t, events_max> gaps{};
        std::uint64_t sum = 0;
        for (std::uint32_t i = 1; i < count_; ++i)
        {
            const auto drawn = scaled(exponential_q32(draw_.next()), 18'000'000, std::uint64_t{1} << 32);
            constexpr std::uint64_t least = 1'000'000, most = 120'000'000 - least;
            gaps[i] = least + (with_.rules_ == edition::older ? std::min(drawn, most) : drawn % most);
            sum += gaps[i];
        }
        const auto room = (visit_.end - visit_.after).count() - 1;
        const auto limit = std::min<std::int64_t>(session_max.count(), room) - count_;
        const auto most = limit > 0 ? static_cast<std::uint64_t>(limit) : 0;
        time at = visit_.end;
        for (std::uint32_t i = count_; i-- > 0;)
        {
            times_[i] = at;
            const auto gap = sum > most ? scaled(gaps[i], most, sum) : gaps[i];
            at = at - microseconds(static_cast<std::int64_t>(gap) + 1);
        }
    }

    void add(std::string_view type, std::string_view uri, const product* what)
    {
        namespace c = events_column;
        const auto row = out_.insert(table::events, tables()[table::events]);
        const std::uint64_t base = visit_.session * events_max;
        row[c::id] = value::of(row_id{table::events, base + sequence_, visit_.unit});
        if (visit_.user != nullptr)
            row[c::user_id] = value::of(*visit_.user);
        row[c::sequence_number] = value::of(std::int64_t{sequence_} + 1);
        row[c::session_id] = value::of(row_id{table::sessions, visit_.session, visit_.unit});
        row[c::ip_address] = value::of(ip_);
        row[c::city] = value::of(visit_.where->city);
        row[c::state] = value::of(visit_.where->state);
        row[c::postal_code] = value::of(visit_.where->postal_code);
        row[c::browser] = value::of(browser_);
        row[c::traffic_source] = value::of(source_);
        row[c::uri] = value::of(uri);
        row[c::event_type] = value::of(type);
        row[c::created_at] = value::of(times_[sequence_]);
        if (what != nullptr)
            row[c::product_id] = value::of(what->id);
        ++sequence_;
    }

    const session_writer& with_;
    const visit& visit_;
    std::uint32_t count_;
    model::unit& out_;
    random draw_;
    std::string_view ip_, browser_, source_;
    std::array<time, events_max> times_{};
    std::uint32_t sequence_ = 0;
};

void session_writer::purchase(const visit& v, std::uint64_t order, std::span<const line> lines, model::unit& out) const
{
    const path p = purchase_path(seed_, order);
    writing w(*this, v, purchase_events(seed_, order, static_cast<std::uint32_t>(lines.size())), out);
    if (p.home)
        w.home();
    if (p.department)
        w.department(*lines[0].what);
    for (const auto& l : lines)
    {
        w.view(*l.what);
        w.cart(*l.what);
    }
    w.purchase();
}

void session_writer::closing(const visit& v, std::string_view type, std::span<const line> lines, model::unit& out) const
{
    writing w(*this, v, closing_events(rules_, static_cast<std::uint32_t>(lines.size())), out);
    for (const auto& l : lines)
    {
        if (rules_ == edition::older)
        {
            w.view(*l.what);
            w.cart(*l.what);
        }
        w.close(type, l);
    }
}

void session_writer::ghost(const visit& v, model::unit& out) const
{
    const std::uint32_t count = ghost_events(seed_, v.session);
    writing w(*this, v, count, out);
    auto& draw = w.draw();
    const product* seen = nullptr;
    for (std::uint32_t i = 0; i < count; ++i)
    {
        // A cart only right after a view of the same product; a visit may end there: an abandoned cart.
        if (seen != nullptr && quarter.happens(draw.next()))
        {
            w.cart(*seen);
            seen = nullptr;
            continue;
        }
        const auto page = draw.below(4);
        const product& p = catalogue_.products()[catalogue_.department(half.happens(draw.next())).pick(draw)];
        seen = nullptr;
        if (page == 0)
            w.home();
        else if (page == 1)
            w.department(p);
        else if (page == 2)
            w.category(p);
        else
        {
            w.view(p);
            seen = &p;
        }
    }
}

}  // namespace bazaar::scenario::thelook

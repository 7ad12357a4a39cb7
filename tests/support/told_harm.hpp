#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/random.hpp"
#include "bazaar/verify/report.hpp"
#include "support/told_stream.hpp"

// Damages of a stream of change events, each of exactly one event.

namespace bazaar::test
{

using messages = std::vector<told_message>;

/// The number of a message of a table that has the operation, not among the first ones.
inline std::size_t find(const messages& all, std::string_view table, char op, std::uint64_t seed)
{
    auto draw = derive(seed, stream("victim"), 0);
    const auto begin = all.size() / 10;
    for (;;)
    {
        const auto i = begin + draw.next() % (all.size() - begin);
        if ((table.empty() || all[i].table == table) &&
            (op == 0 || all[i].json.find(fmt::format("\"op\":\"{}\"", op)) != std::string::npos) &&
            all[i].unit != no_unit)
            return i;
    }
}

struct damage
{
    const char* name;
    verify::defect expected;
    std::function<std::size_t(messages&, std::uint64_t seed)> inflict;  ///< Returns the victim's number before.
    std::string column;
};

inline void replace(std::string& in, const std::string& from, const std::string& to)
{
    in.replace(in.find(from), from.size(), to);
}

inline void edit(told_message& m, const std::function<void(nlohmann::json&)>& how)
{
    auto value = nlohmann::json::parse(m.json);
    how(value);
    m.json = value.dump();
}

inline const std::vector<damage>& damages()
{
    using json = nlohmann::json;
    using verify::defect;
    static const std::vector<damage> all{
        {"dropped", defect::lost,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "", 0, seed);
             m.erase(m.begin() + static_cast<std::ptrdiff_t>(i));
             return i;
         },
         ""},
        {"dropped update", defect::lost,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'u', seed);
             m.erase(m.begin() + static_cast<std::ptrdiff_t>(i));
             return i;
         },
         ""},
        {"doubled", defect::doubled,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "", 0, seed);
             m.insert(m.begin() + static_cast<std::ptrdiff_t>(i), m[i]);
             return i;
         },
         ""},
        {"doubled far away", defect::doubled,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "", 0, seed);
             m.push_back(m[i]);
             return i;
         },
         ""},
        {"altered text", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "events", 'c', seed);
             edit(m[i], [](json& v) { v["after"]["browser"] = "Lynx"; });
             return i;
         },
         "browser"},
        {"altered money", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "order_items", 0, seed);
             edit(m[i], [](json& v) { v["after"]["sale_price"] = "0.01"; });
             return i;
         },
         "sale_price"},
        {"altered reference", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'c', seed);
             edit(m[i], [](json& v) { v["after"]["user_id"] = v["after"]["id"]; });
             return i;
         },
         "user_id"},
        {"altered moment", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 0, seed);
             edit(m[i], [](json& v) { v["after"]["created_at"] = "2026-09-21T14:13:21.000001Z"; });
             return i;
         },
         "created_at"},
        {"altered version", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'u', seed);
             edit(m[i], [](json& v) { v["after"]["updated_at"] = "2026-09-21T14:13:21.000001Z"; });
             return i;
         },
         "updated_at"},
        {"null", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'c', seed);
             edit(m[i], [](json& v) { v["after"]["status"] = nullptr; });
             return i;
         },
         "status"},
        {"unreadable", defect::altered,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'c', seed);
             edit(m[i], [](json& v) { v["after"]["created_at"] = "yesterday"; });
             return i;
         },
         "created_at"},
        {"another operation", defect::wrong_op,
         [](messages& m, std::uint64_t seed)
         {
             const auto i = find(m, "orders", 'u', seed);
             replace(m[i].json, "\"op\":\"u\"", "\"op\":\"c\"");
             return i;
         },
         ""},
        {"split transaction", defect::torn,
         [](messages& m, std::uint64_t seed)
         {
             // Not the only event of its unit.
             auto i = find(m, "", 0, seed);
             while (std::ranges::count(m, m[i].unit, &told_message::unit) == 1)
                 i = find(m, "", 0, ++seed);
             edit(m[i], [](json& v) { v["source"]["txId"] = 4'000'000'000U; });
             return i;
         },
         ""},
        {"reordered", defect::reordered,
         [](messages& m, std::uint64_t seed)
         {
             // An update, and the change of the same row before it.
             const auto i = find(m, "orders", 'u', seed);
             auto before = i - 1;
             while (m[before].key != m[i].key)
                 --before;
             std::swap(m[before], m[i]);
             return i;
         },
         ""},
    };
    return all;
}

}  // namespace bazaar::test

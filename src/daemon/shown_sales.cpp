#include "daemon/shown_sales.hpp"

#include <algorithm>
#include <utility>

namespace bazaar::daemon
{

const std::vector<observe::sold>& shown_sales::of(const std::vector<model::decision>& newest,
                                                  const scenario::scenario& shop, const model::key_codec& ids)
{
    if (newest.empty())
        return shown_;
    std::vector<observe::sold> all;
    for (const auto& one : newest)
    {
        const auto known = std::ranges::find(shown_, one.no, &observe::sold::unit);
        if (known != shown_.end())
        {
            all.push_back(std::move(*known));
            continue;
        }
        shop.build(one, unit_);
        auto sale = shop.sale_of(unit_);
        all.push_back({one.no, ids.text(sale.id), one.at, std::move(sale.cells)});
    }
    shown_ = std::move(all);
    return shown_;
}

}  // namespace bazaar::daemon

#include <algorithm>

#include <fmt/format.h>

#include "study.hpp"

namespace bazaar::scenario::declared
{
namespace
{

double power(double x, unsigned k)
{
    double made = 1;
    for (unsigned i = 0; i < k; ++i)
        made *= x;
    return made;
}

double share(std::uint64_t part, std::uint64_t of)
{
    return static_cast<double>(part) / static_cast<double>(of);
}

}  // namespace

link_study::link_study(const compiled& judged, const link_plan& wished, std::string what)
    : judged_(&judged), plan_(&wished), of_(wished.of), what_(std::move(what)), within_(stream::named(what_).number)
{
    rows_.resize(wished.weights.size());
}

/// The rank of a row among `count` from `first` on: what `oldest`, `newest` and `scattered` make of it.
std::optional<std::uint64_t> link_study::rank_of(std::uint64_t row, std::uint64_t first, std::uint64_t count)
{
    if (of_->ranked == link::rank::newest)
        return count - 1 - (row - first);
    const auto seeds = std::min(judged_->tables[of_->to].seeds, count);
    if (of_->ranked == link::rank::oldest || first > 0 || row >= seeds)
        return row - first;
    if (unscattered_.size() != seeds)
    {
        unscattered_.assign(seeds, 0);
        for (std::uint64_t rank = 0; rank < seeds; ++rank)
            unscattered_[scattered(plan_->draws.number, rank, seeds)] = rank;
    }
    return unscattered_[row];
}

void link_study::see_rank(std::uint64_t rank, std::uint64_t count)
{
    const unsigned more = of_->pick == link::way::recent ? of_->bias : 0;
    if (rank >= count)
        return places_.see_outside();
    places_.see(power(share(rank, count), more + 1), power(share(rank + 1, count), more + 1), within_);
}

/// Of rows that are gone, another one is drawn.
void link_study::see_hot(std::uint64_t rank, std::uint64_t count, std::uint64_t living_rank, double hot_living,
                         double all_living)
{
    const auto hot = plan_->hot->count(count);
    const auto cold = static_cast<double>(count - hot);
    const auto wish = hot == count ? 1 : of_->hits / 1e6;
    const auto in_hot = wish * hot_living / static_cast<double>(hot);
    const auto in_cold = cold > 0 ? (1 - wish) * (all_living - hot_living) / cold : 0;
    if (in_hot + in_cold <= 0)
        return;
    hits_.see(static_cast<std::int64_t>(in_hot / (in_hot + in_cold) * 1e9 + 0.5), rank < hot);
    const auto before = static_cast<double>(living_rank) - (rank < hot ? 0 : hot_living);
    const auto part = rank < hot ? hot_living : all_living - hot_living;
    places_.see(before / part, (before + 1) / part, within_);
}

void link_study::see_weighted(std::uint64_t row)
{
    if (row >= rows_.size())
        return places_.see_outside();
    ++rows_[row];
    ++picked_;
}

void link_study::see(const file_planner& plan, const row_plan& of, item_no link, std::int64_t at, std::uint64_t row)
{
    if (of_->pick == link::way::next || of_->pick == link::way::same || of_->pick == link::way::cause)
        return;
    if (of_->pick == link::way::weighted)
        return see_weighted(row);
    const auto among = plan.among(of, link, at, row);
    if (among.count == 0)
        return places_.see_outside();
    if (of_->pick == link::way::uniform)
        return see_rank(among.rank, among.living);
    if (of_->once)
        return see_rank(among.rank, among.count);
    const auto rank = rank_of(row, among.first, among.count);
    if (of_->pick == link::way::hot)
    {
        const auto hot = plan_->hot->count(among.count);
        if (among.living != among.count && of_->ranked != link::rank::oldest)
            ++gone_;
        else
            see_hot(*rank, among.count, among.living == among.count ? *rank : among.rank,
                    static_cast<double>(plan.living_among(of, link, at, hot)), static_cast<double>(among.living));
    }
    else if (among.living != among.count)
        ++gone_;
    else if (of_->pick == link::way::zipf)
        ranks_.push_back({*rank + 1, among.count});
    else
        see_rank(*rank, among.count);
}

void link_study::see_limits(std::uint64_t row, std::optional<std::int64_t> age)
{
    if (of_->once)
    {
        ++picks_;
        again_ += taken_.insert(row).second ? 0 : 1;
    }
    if (of_->within > 0 && age)
    {
        ++ages_;
        too_old_ += *age > of_->within ? 1 : 0;
    }
}

void link_study::see_pure(std::uint64_t row, std::uint64_t count)
{
    if (of_->pick == link::way::weighted)
        return see_weighted(row);
    const auto rank = *rank_of(row, 0, count);
    if (of_->pick == link::way::zipf)
        ranks_.push_back({rank + 1, count});
    else if (of_->pick == link::way::hot)
        see_hot(rank, count, rank, static_cast<double>(plan_->hot->count(count)), static_cast<double>(count));
    else if (of_->pick == link::way::uniform || of_->pick == link::way::recent)
        see_rank(rank, count);
}

void link_study::tell(std::vector<finding>& to) const
{
    if (of_->missing > 0)
        missing_.tell(what_ + " missing", to);
    if (picks_ > 0)
        to.push_back(found_of(what_ + " once", "never again", fmt::format("{} of {} again", again_, picks_), "exact",
                              {.p = again_ == 0 ? 1.0 : 0.0}));
    if (ages_ > 0)
        to.push_back(found_of(what_ + " within", shown_span(static_cast<double>(of_->within)),
                              fmt::format("{} of {} older", too_old_, ages_), "exact",
                              {.p = too_old_ == 0 ? 1.0 : 0.0}));
    const auto gone = gone_ > 0 ? fmt::format(", without {} picks among rows of which some are gone", gone_) : "";
    switch (of_->pick)
    {
    case link::way::next:
    case link::way::same:
    case link::way::cause:
        return;
    case link::way::zipf:
    {
        const auto alpha = static_cast<double>(of_->alpha) / 1e6;
        if (ranks_.size() < 2)
            return to.push_back(untested(what_, fmt::format("zipf, alpha {:g}", alpha), "not in the sample"));
        const auto found = statistics::zipf_exponent(ranks_);
        return to.push_back(found_of(
            what_, fmt::format("zipf, alpha {:g}", alpha),
            fmt::format("alpha {:.4f}, standard error {:.4f}; {}{}", found.alpha, found.error, ranks_.size(), gone),
            "likelihood", statistics::deviations((found.alpha - alpha) / found.error)));
    }
    case link::way::hot:
        if (hits_.count() == 0)
            return to.push_back(untested(what_, "", "not in the sample" + gone));
        hits_.tell(fmt::format("{} to the first {}", what_, percent(of_->rows / 1e6)), to);
        break;
    case link::way::weighted:
    {
        shares all;
        for (std::size_t row = 0; row < rows_.size(); ++row)
        {
            static_cast<void>(all.add(fmt::format("row {}", row + 1)));
            all.expect(row, picked_ * share(plan_->weights.weight(row, row + 1), plan_->weights.total()));
            for (double left = rows_[row]; left > 0; --left)
                all.see(row);
        }
        if (picked_ <= 0)
            return to.push_back(untested(what_, "weighted", "not in the sample"));
        return to.push_back(found_of(what_, "weighted, " + all.wished(), all.found(), "chi-square", all.test()));
    }
    case link::way::uniform:
    case link::way::recent:
        break;
    }
    const auto wished = of_->pick == link::way::hot ? std::string("each of one part as often")
                        : of_->pick == link::way::uniform || of_->bias == 0
                            ? std::string("each row as often")
                            : fmt::format("recent, the newest of {}", of_->bias + 1);
    if (places_.count() == 0)
        return to.push_back(untested(what_, wished, "not in the sample" + gone));
    to.push_back(
        found_of(what_, wished, fmt::format("{} picks{}", places_.count(), gone), "Kolmogorov", places_.test()));
}

}  // namespace bazaar::scenario::declared

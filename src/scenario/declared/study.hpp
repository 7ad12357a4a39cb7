#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/scenario/declared/conformance.hpp"
#include "bazaar/scenario/statistics.hpp"
#include "maker.hpp"
#include "planner.hpp"

/// What is collected of a sample to judge it, one class for each kind of distribution. `judged` is what the file says.
namespace bazaar::scenario::declared
{

/// Whether numbers are as their distribution says: each as its place in it, from 0 to 1. One of a discrete distribution has a place anywhere
/// in its step.
class places
{
public:
    void see(double low, double high, random& within);
    void see_outside() noexcept { ++outside_; }
    void note(double value) noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return numbers_.size() + outside_; }
    [[nodiscard]] std::uint64_t outside() const noexcept { return outside_; }
    [[nodiscard]] double mean() const noexcept;
    [[nodiscard]] double deviation() const noexcept;
    [[nodiscard]] double least() const noexcept { return least_; }
    [[nodiscard]] double most() const noexcept { return most_; }
    [[nodiscard]] statistics::outcome test() const;

private:
    std::vector<double> numbers_;
    std::uint64_t outside_ = 0;
    double sum_ = 0;
    double squares_ = 0;
    double least_ = 0;
    double most_ = 0;
    std::uint64_t noted_ = 0;
};

/// How often each of a few things was drawn.
class shares
{
public:
    [[nodiscard]] std::size_t add(std::string name);
    void expect(std::size_t which, double so_much) { expected_[which] += so_much; }
    void see(std::size_t which) { ++seen_[which]; }
    void see_another() noexcept { ++others_; }
    [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
    [[nodiscard]] double count() const noexcept;
    [[nodiscard]] statistics::outcome test() const;
    [[nodiscard]] std::string wished() const { return shown(expected_, seen_); }
    [[nodiscard]] std::string found() const { return shown(seen_, expected_); }

private:
    [[nodiscard]] std::string shown(const std::vector<double>& of, const std::vector<double>& beside) const;

    std::vector<std::string> names_;
    std::vector<double> expected_;
    std::vector<double> seen_;
    double others_ = 0;
};

/// How often something came true, by its probability: in units of 10^-9.
class odds
{
public:
    void see(std::int64_t share, bool hit)
    {
        auto& [tries, hits] = by_share_[share];
        ++tries;
        hits += hit ? 1 : 0;
    }
    [[nodiscard]] std::uint64_t count() const noexcept;
    void tell(std::string what, std::vector<finding>& to) const;

private:
    std::map<std::int64_t, std::pair<std::uint64_t, std::uint64_t>> by_share_;
};

/// A finding by what its test says.
[[nodiscard]] finding found_of(std::string what, std::string wished, std::string found, std::string test,
                               const statistics::outcome& outcome);
[[nodiscard]] finding untested(std::string what, std::string wished, std::string why);

/// "30.25 %".
[[nodiscard]] std::string percent(double share);

/// A span of time as a reader likes it: "1 h 30 min", "60 s".
[[nodiscard]] std::string shown_span(double microseconds);

/// What a generator makes.
class value_study
{
public:
    value_study(const compiled& judged, const gen_plan& wished, std::string what);

    /// Whether it draws anything.
    [[nodiscard]] bool draws() const noexcept { return draws_; }

    /// A value that the generator `drawn` has made in that place of a sample.
    void see(maker& make, frame& of, const gen_plan& drawn, const operand& value);
    void tell(std::vector<finding>& to) const;

private:
    void see_number(double low, double high, const operand& value);
    void see_even(const operand& value);
    void see_choice(maker& make, frame& of, const operand& value);
    void see_listed(const operand& value);
    void see_row(maker& make, frame& of, const operand& value);
    void see_pattern(std::string_view text);
    void see_day(frame& of, const operand& value);
    void see_apart(maker& make, frame& of, const operand& value);
    [[nodiscard]] double below(double value) const;
    [[nodiscard]] std::string wished() const;
    [[nodiscard]] std::string number(double value) const;
    void prepare();

    const compiled* judged_;
    const gen_plan* plan_;
    const generator* how_;
    std::string what_;
    bool draws_ = false;
    std::string cannot_;  ///< Why it is not tested.
    std::uint64_t seen_ = 0;
    random within_;
    places places_;
    shares shares_;
    odds odds_;
    odds missing_;
    std::vector<shares> letters_;
    std::map<std::string, std::size_t, std::less<>> words_;
    std::deque<value_study> parts_;
};

/// Which rows a link picks.
class link_study
{
public:
    link_study(const compiled& judged, const link_plan& wished, std::string what);

    void see_missing(bool is_missing) { missing_.see(std::int64_t{of_->missing} * 1'000, is_missing); }
    void see(const file_planner& plan, const row_plan& of, item_no link, std::int64_t at, std::uint64_t row);

    /// Whether a row may be picked at all: once, and while it is young enough.
    void see_limits(std::uint64_t row, std::optional<std::int64_t> age);

    /// As `see`, of rows that are all of T0.
    void see_pure(std::uint64_t row, std::uint64_t count);

    void tell(std::vector<finding>& to) const;

private:
    void see_rank(std::uint64_t rank, std::uint64_t count);
    void see_hot(std::uint64_t rank, std::uint64_t count, std::uint64_t living_rank, double hot_living,
                 double all_living);
    void see_weighted(std::uint64_t row);
    [[nodiscard]] std::optional<std::uint64_t> rank_of(std::uint64_t row, std::uint64_t first, std::uint64_t count);

    const compiled* judged_;
    const link_plan* plan_;
    const link* of_;
    std::string what_;
    random within_;
    places places_;
    odds hits_;
    odds missing_;
    std::vector<double> rows_;
    double picked_ = 0;
    std::vector<statistics::rank_draw> ranks_;
    std::vector<std::uint64_t> unscattered_;
    std::uint64_t gone_ = 0;  ///< Picks among rows of which some are gone.
    std::set<std::uint64_t> taken_;
    std::uint64_t picks_ = 0;  ///< Of a link that picks no row twice.
    std::uint64_t again_ = 0;
    std::uint64_t ages_ = 0;
    std::uint64_t too_old_ = 0;
};

/// When an arrival comes.
class arrival_study
{
public:
    arrival_study(const compiled& judged, const arrival& wished, std::string what);

    void see(std::int64_t at) { times_.push_back(at); }

    /// `clock` has the windows of the sample and all else as the file says; `end` is the end of the sample.
    void tell(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const;

private:
    void tell_gaps(const clockwork& clock, std::vector<finding>& to) const;
    void tell_count(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const;
    void tell_hours(const clockwork& clock, std::int64_t end, std::vector<finding>& to) const;
    void tell_factors(const clockwork& clock, std::int64_t end, double per_us, std::vector<finding>& to) const;
    [[nodiscard]] double factor(const clockwork& clock, std::int64_t at) const;
    [[nodiscard]] double mass(const clockwork& clock, std::int64_t from, std::int64_t to) const;
    [[nodiscard]] std::int64_t begin(const clockwork& clock) const;
    [[nodiscard]] double speed() const;
    [[nodiscard]] std::string wished() const;

    const compiled* judged_;
    const arrival* of_;
    std::string what_;
    std::vector<std::int64_t> times_;
};

/// Windows that come once in each period.
void tell_windows(const compiled& judged, const clockwork& drawn, std::vector<finding>& to);

/// What follows something after a while, with a chance.
class delay_study
{
public:
    delay_study(std::string what, range after) : what_(std::move(what)), after_(after) {}

    /// That it begins; `key` tells two apart.
    void begin(std::uint64_t key, std::int64_t at) { open_[key] = at; }

    /// That it comes; `also_later`: for what waits.
    void end(std::uint64_t key, std::int64_t at, bool also_later);
    void forget(std::uint64_t key) { open_.erase(key); }
    [[nodiscard]] bool has(std::uint64_t key) const { return open_.contains(key); }
    [[nodiscard]] std::optional<std::int64_t> since(std::uint64_t key) const
    {
        const auto found = open_.find(key);
        return found == open_.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] const range& after() const noexcept { return after_; }

    /// Delays that were seen. How many of those that began early enough have come is what `chance` is of, if one is given.
    void tell(std::int64_t end, std::optional<std::uint32_t> chance, std::vector<finding>& to) const;

private:
    std::string what_;
    range after_;
    random within_{0x5ee};
    std::map<std::uint64_t, std::int64_t> open_;

    struct closed
    {
        std::int64_t begin;
        std::int64_t delay;
        bool later;
    };
    std::vector<closed> closed_;
};

/// Which steps the rows of a table take, and when.
class life_study
{
public:
    life_study(const life& wished, std::string what) : of_(&wished), what_(std::move(what)) {}

    void enter(std::uint64_t row, item_no state, std::int64_t at) { now_[row] = {state, at}; }
    void step(std::uint64_t row, item_no state, item_no step, std::int64_t at, bool left_out);
    void leave(std::uint64_t row) { now_.erase(row); }
    void tell(std::int64_t end, std::vector<finding>& to) const;

private:
    struct stay
    {
        item_no state;
        std::int64_t since;
    };
    struct taken
    {
        stay from;
        item_no step;
        std::int64_t delay;
        bool left_out;
    };
    [[nodiscard]] std::string name_of(item_no state, item_no step) const;

    const life* of_;
    std::string what_;
    std::map<std::uint64_t, stay> now_;
    std::vector<taken> taken_;
};

}  // namespace bazaar::scenario::declared

#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"

namespace bazaar::postgres
{

/// The first parameters of every statement that writes in the name of a run.
class owner_parameters
{
public:
    explicit owner_parameters(const ownership& own)
        : own_(own), tag_(std::to_string(own.tag)), epoch_(std::to_string(own.epoch))
    {
    }

    /// A row if the lease is ours and the server the one where it was taken. The lock makes it wait for a take-over
    /// under way, and look again at what that has left.
    [[nodiscard]] static std::string held(bool whole_life)
    {
        return fmt::format(
            "WITH held AS (SELECT l.run FROM bazaard.lease AS l WHERE l.schema_name = $1 AND l.tag = $2::integer AND "
            "l.epoch = $3::bigint FOR SHARE), "
            "here (system, timeline, started, recovered) AS (SELECT {}), "
            "own AS (SELECT held.run FROM held, here WHERE ($4 = '' OR here.system = $4) AND "
            "($5 = '' OR here.timeline = $5) AND ($6 = '' OR (here.started = $6 AND here.recovered = $7))) ",
            life_sql(whole_life));
    }

    [[nodiscard]] std::vector<text_parameter> with(std::initializer_list<text_parameter> more) const
    {
        std::vector<text_parameter> all{
            own_.schema, tag_, epoch_, own_.life.system, own_.life.timeline, own_.life.started, own_.life.recovered};
        all.insert(all.end(), more);
        return all;
    }

    [[nodiscard]] bool whole_life() const { return !own_.life.system.empty(); }

private:
    const ownership& own_;
    std::string tag_;
    std::string epoch_;
};

}  // namespace bazaar::postgres

#pragma once

#include <memory>

#include "bazaar/scenario/declared/declared.hpp"

namespace bazaar::scenario::declared
{

/// A scenario file as one of the scenarios that can be chosen.
///
/// Its tables and kinds of unit are those of the default settings; another setting may send a table elsewhere.
/// Lifetime: the entry points into this. Errors: as for `make`.
class offer
{
public:
    explicit offer(std::shared_ptr<const spec> file);
    offer(const offer&) = delete;
    offer& operator=(const offer&) = delete;

    [[nodiscard]] const bazaar::scenario::entry& entry() const noexcept { return entry_; }

private:
    setting_fields fields_;
    std::unique_ptr<scenario> by_default_;
    bazaar::scenario::entry entry_;
};

}  // namespace bazaar::scenario::declared

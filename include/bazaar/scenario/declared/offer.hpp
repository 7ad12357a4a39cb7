#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bazaar/scenario/declared/declared.hpp"

namespace bazaar::scenario::declared
{

/// A setting by its name, as a user would type it.
using given_setting = std::pair<std::string, std::string>;

/// A scenario file as one of the scenarios that can be chosen.
///
/// Lifetime: the entry points into this. Errors: as for `make`.
class offer
{
public:
    /// `text` is what a run records of the file. Tables and kinds of unit are those of the settings: another setting may
    /// send a table elsewhere. What is no setting of the file, or no value of it, counts as not given.
    offer(std::shared_ptr<const spec> file, std::string text, std::span<const given_setting> given);
    offer(const offer&) = delete;
    offer& operator=(const offer&) = delete;

    [[nodiscard]] const bazaar::scenario::entry& entry() const noexcept { return entry_; }
    [[nodiscard]] const spec& file() const noexcept { return *file_; }

private:
    const std::shared_ptr<const spec> file_;
    const std::string text_;
    const std::string schema_;
    const setting_fields fields_;
    const std::unique_ptr<scenario> as_given_;
    const bazaar::scenario::entry entry_;
};

}  // namespace bazaar::scenario::declared

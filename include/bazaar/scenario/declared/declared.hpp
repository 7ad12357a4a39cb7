#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::declared
{

/// The settings of a scenario file as fields.
///
/// Lifetime: of the file; fields point into it and into this.
class setting_fields
{
public:
    explicit setting_fields(const spec& file);
    setting_fields(const setting_fields&) = delete;
    setting_fields& operator=(const setting_fields&) = delete;

    [[nodiscard]] std::span<const field> all() const noexcept { return fields_; }

private:
    std::deque<std::string> words_;
    std::vector<field> fields_;
};

/// The scenario of a checked file. The fields of the request's configuration are those of the file's settings and outlive the scenario.
///
/// Errors: throws `data` for what the file asks for and cannot be planned, all problems at once.
[[nodiscard]] std::unique_ptr<scenario> make(std::shared_ptr<const spec> file, const request& given);

}  // namespace bazaar::scenario::declared

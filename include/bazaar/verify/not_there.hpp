#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"

namespace bazaar::verify
{

/// What is to be compared is not there; it may come yet.
class not_there : public error
{
public:
    explicit not_there(std::vector<std::string> lines) : error(error_kind::config, std::move(lines)) {}
};

}  // namespace bazaar::verify

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"

namespace bazaar::verify
{

/// The data to be compared do not exist; they may come later.
class not_there : public error
{
public:
    explicit not_there(std::vector<std::string> lines) : error(error_kind::config, std::move(lines)) {}
};

}  // namespace bazaar::verify

#include "bazaar/model/unit.hpp"

namespace bazaar::model
{

std::string_view name(op what) noexcept
{
    switch (what)
    {
    case op::insert:
        return "insert";
    case op::update:
        return "update";
    case op::erase:
        return "delete";
    }
    return "";
}

}  // namespace bazaar::model

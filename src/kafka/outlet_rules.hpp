#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/outlet.hpp"
#include "record_shape.hpp"

namespace bazaar::kafka
{

[[nodiscard]] std::string_view name(field_type what) noexcept;

[[nodiscard]] column_form form_of(const outlet& to, std::size_t column);
[[nodiscard]] std::string record_name(const outlet& to, const model::table& from);

/// Name of the type of a nested record: "Address" of "address".
[[nodiscard]] std::string type_name_of(std::string_view nest, std::string_view record);

/// The fields of an outlet whose columns have no problems.
[[nodiscard]] std::vector<record_field> fields_of(const outlet& to, const model::table& from);

}  // namespace bazaar::kafka

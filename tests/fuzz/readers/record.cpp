// The value of a record that somebody else may have written: its first byte says the format. It has fields, or is no record.

#include <array>

#include "bazaar/kafka/decoder.hpp"
#include "reader.hpp"

namespace
{

using namespace bazaar;

constexpr std::array columns{
    model::column{"id", "bigint", model::type::int64},
    model::column{"name", "text", model::type::text, 0, true},
    model::column{"fee", "numeric(9,2)", model::type::decimal, 2},
    model::column{"open", "boolean", model::type::boolean},
    model::column{"ratio", "double precision", model::type::float64},
    model::column{"at", "timestamp with time zone", model::type::timestamp},
    model::column{"city", "text", model::type::text},
    model::column{"zip", "text", model::type::text, 0, true},
};
constexpr model::table table{.name = "parcels", .columns = columns, .sink = model::target::kafka};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    kafka::outlet to;
    to.topic = "parcels";
    to.format = static_cast<kafka::record_format>(data[0] % 3);
    to.nested.push_back({"address", {6, 7}});
    const auto value = fuzz::text_of(data + 1, size - 1);
    const auto fields = kafka::fields_of(to, table, value);
    if (fields)
        for (const auto& one : *fields)
            fuzz::require(!one.name.empty(), "a field has a name");
    return 0;
}

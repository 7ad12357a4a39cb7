// One message of a topic, one line of a dump, one end of a transaction: any bytes.

#include "bazaar/scenario/thelook/tables.hpp"
#include "bazaar/verify/debezium.hpp"
#include "reader.hpp"

namespace
{

using namespace bazaar;
using outcome = verify::debezium_reader::outcome;

void check(const verify::debezium_reader& by, outcome what, const verify::change_event& e)
{
    const auto tables = scenario::thelook::tables();
    if (what == outcome::broken)
        fuzz::require(!by.problem().empty(), "a broken message has a reason");
    if (what != outcome::change)
        return;
    fuzz::require(e.table < tables.size(), "the table is one of the shop's");
    const auto columns = tables[e.table].columns.size();
    fuzz::require(!e.has_before || e.before.size() == columns, "as many columns before as the table has");
    fuzz::require(!e.has_after || e.after.size() == columns, "as many columns after as the table has");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2)
        return 0;
    verify::encodings how;
    how.money = static_cast<verify::encodings::decimals>(data[0] % 4);
    how.time = static_cast<verify::encodings::moments>(data[0] / 4 % 5);
    if (data[1] % 3 != 0)
        how.flat = data[1] % 3 == 1;
    if (data[1] / 3 % 3 != 0)
        how.schemas = data[1] / 3 % 3 == 1;
    const std::string text(fuzz::text_of(data + 2, size - 2));
    verify::debezium_reader reader(scenario::thelook::tables(), "demo", how);
    verify::change_event e;
    fuzz::is_taken([&] { check(reader, reader.read_line(text, e), e); });
    fuzz::is_taken([&] { check(reader, reader.read("ecomm.demo.orders", text, e), e); });
    verify::transaction_end end;
    fuzz::is_taken([&] { reader.read_end(text, end); });
    return 0;
}

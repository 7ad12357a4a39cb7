// The configuration of a connector.

#include "bazaar/capture/told_connector.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    const fuzz::memory_file file(fuzz::text_of(data, size));
    fuzz::is_taken(
        [&] { static_cast<void>(capture::told_by(capture::read_connector_config(file.path()), "connector.json")); });
    return 0;
}

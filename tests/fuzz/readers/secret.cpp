// A file with a password or a token.

#include "bazaar/postgres/password.hpp"
#include "reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace bazaar;
    const auto text = fuzz::text_of(data, size);
    const fuzz::memory_file file(text);
    fuzz::is_taken(
        [&]
        {
            const auto secret = postgres::read_password(file.path());
            fuzz::require(text.starts_with(secret), "a secret is the beginning of its file");
            fuzz::require(secret.empty() || secret.back() != '\n', "a line end is no part of it");
        });
    return 0;
}

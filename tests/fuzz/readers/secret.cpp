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
            // A mark of UTF-8 before it is none of the secret.
            const auto first = text.substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
            fuzz::require(first.starts_with(secret) || text.starts_with(secret),
                          "a secret is the beginning of its file");
            fuzz::require(secret.find('\n') == secret.npos, "it is one line");
        });
    return 0;
}

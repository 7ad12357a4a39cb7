#pragma once

#include <optional>
#include <string>

namespace bazaar::app
{

/// How to reach PostgreSQL, as far as it was given.
struct database_flags
{
    std::optional<std::string> url;
    std::optional<std::string> host;
    std::optional<std::string> port;
    std::optional<std::string> user;
    std::optional<std::string> password;
    std::optional<std::string> password_file;
    std::optional<std::string> name;
    std::optional<std::string> sslmode;
    std::optional<std::string> sslrootcert;
    std::optional<std::string> sslcert;
    std::optional<std::string> sslkey;
};

}  // namespace bazaar::app

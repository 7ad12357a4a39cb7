#include "bazaar/observe/page.hpp"

#include <string>

#include <fmt/format.h>

#include "bazaar/observe/embedded.hpp"

namespace bazaar::observe
{

void serve_page(handler& by)
{
    by.page("/", "text/html; charset=utf-8", std::string(embedded("page.html")),
            {{"Content-Security-Policy",
              fmt::format("default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; "
                          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                          BAZAAR_PAGE_SCRIPT, BAZAAR_PAGE_STYLE)},
             {"Referrer-Policy", "no-referrer"}});
}

}  // namespace bazaar::observe

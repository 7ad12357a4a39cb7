#include "bazaar/observe/handler.hpp"
#include "bazaar/io/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/observe/metrics.hpp"

namespace bazaar::observe
{
namespace
{

using json = nlohmann::ordered_json;

constexpr std::array<verb, 4> all_verbs{verb::pause, verb::resume, verb::drain, verb::set};

/// A number as a flag takes it: without an exponent.
std::string decimal(const json& number)
{
    if (!number.is_number_float())
        return number.dump();
    std::array<char, 400> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number.get<double>(),
                                   std::chars_format::fixed);
    return {text.data(), end.ptr};
}

/// Of this thread.
std::chrono::nanoseconds cpu_time()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

bool reads(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

}  // namespace

std::string_view name(verb what) noexcept
{
    switch (what)
    {
    case verb::pause:
        return "pause";
    case verb::resume:
        return "resume";
    case verb::drain:
        return "drain";
    case verb::set:
        return "set";
    }
    return "pause";
}

std::optional<order> read_order(std::string_view body, std::string& wrong)
{
    const auto refuse = [&](std::string why)
    {
        wrong = std::move(why);
        return std::nullopt;
    };
    if (const auto problem = io::json_problem(body); !problem.empty())
        return refuse("the body: " + problem);
    const auto document = io::read_json<json>(body);
    if (!document.is_object())
        return refuse("the body must be a JSON object, for example {\"verb\": \"pause\"}");
    for (const auto& [key, value] : document.items())
        if (key != "verb" && key != "settings")
            return refuse(fmt::format("{}: is neither verb nor settings", io::write_json(json(key))));
    const auto word = document.find("verb");
    if (word == document.end() || !word->is_string())
        return refuse("verb: must be one of pause, resume, drain, set");
    const auto what = std::find_if(all_verbs.begin(), all_verbs.end(),
                                   [&](verb one) { return name(one) == word->get_ref<const std::string&>(); });
    if (what == all_verbs.end())
        return refuse(fmt::format("verb: {} is none of pause, resume, drain, set", io::write_json(*word)));
    order made{*what, {}};
    const auto settings = document.find("settings");
    if ((made.what == verb::set) != (settings != document.end()))
        return refuse("settings: belong to set, and to nothing else");
    if (settings == document.end())
        return made;
    if (!settings->is_object() || settings->empty())
        return refuse("settings: must be an object with at least one value");
    for (const auto& [key, value] : settings->items())
    {
        if (!value.is_string() && !value.is_number())
            return refuse(fmt::format("{}: must be a number or a text", io::write_json(json(key))));
        made.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : decimal(value));
    }
    return made;
}

handler::handler(options opts)
    : options_(std::move(opts)),
      orders_(options_.limits.orders, options_.limits.orders_at_once),
      guesses_(options_.limits.guesses, options_.limits.guesses)
{
    const auto alive = [](const question&) { return answer{200, "application/json", "{\"alive\":true}\n"}; };
    resources_.push_back({"/livez", "GET", alive});
    resources_.push_back({"/healthz", "GET", alive});
    resources_.push_back({"/readyz", "GET",
                          [this](const question&)
                          {
                              const auto now = options_.look();
                              return answer{now.ready ? 200U : 503U, "application/json", readiness_json(now)};
                          },
                          true});
    resources_.push_back({"/status", "GET",
                          [this](const question&) {
                              return answer{200, "application/json", status_json(options_.look())};
                          },
                          true});
    resources_.push_back(
        {"/metrics", "GET",
         [this](const question&) {
             return answer{200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(options_.look())};
         },
         true});
    resources_.push_back({"/control", "POST", [this](const question& asked) { return control(asked); }});
}

void handler::page(std::string path, std::string type, std::string body,
                   std::vector<std::pair<std::string_view, std::string>> fields)
{
    resources_.push_back({std::move(path), "GET",
                          [made = answer{200, std::move(type), std::move(body), std::move(fields)}](const question&)
                          { return made; }});
}

std::vector<std::string> handler::paths() const
{
    std::vector<std::string> all;
    for (const auto& one : resources_)
        all.push_back(one.path);
    return all;
}

answer handler::operator()(const question& asked)
{
    // A page of somebody else's that a browser takes for ours could read all that is served here.
    if (!asked.local && asked.host && !own_host(*asked.host, options_.hosts))
        return refusal(421, "the Host header names another server: --http-host permits names");
    // The server as a whole (RFC 9110, 9.3.7), not one of its resources.
    if (asked.path == "*" && asked.method == "OPTIONS")
        return {200, "application/json", "{}\n", {{"Allow", "GET, HEAD, POST, OPTIONS"}}};
    const auto found = std::find_if(resources_.begin(), resources_.end(),
                                    [&](const resource& one) { return one.path == asked.path; });
    if (found == resources_.end())
        return refusal(404, "there is nothing here");
    if (found->verb == "GET" ? !reads(asked.method) : asked.method != found->verb)
    {
        auto made = refusal(405, fmt::format("{} takes {} only", found->path, found->verb));
        made.fields.emplace_back("Allow", found->verb == "GET" ? "GET, HEAD" : std::string(found->verb));
        return made;
    }
    return served(*found, asked);
}

answer handler::served(resource& by, const question& asked)
{
    constexpr int share = 10;
    constexpr std::chrono::milliseconds oldest{100};
    if (!by.of_now)
        return by.serve(asked);
    if (options_.clock() >= by.kept_until)
    {
        const auto begun = cpu_time();
        by.kept = by.serve(asked);
        by.kept_until = options_.clock() + std::min<std::chrono::nanoseconds>(oldest, share * (cpu_time() - begun));
    }
    return by.kept;
}

/// Why the asker may not change anything; nothing where it may.
std::optional<answer> handler::barred(const question& asked)
{
    if (asked.local)
        return std::nullopt;
    if (!options_.token)
        return refusal(403, "this server only reads: --http-token-file lets it be controlled");
    const auto given = bearer_token(asked.authorization);
    if (!given)
    {
        auto made = refusal(401, "needs the header Authorization: Bearer TOKEN");
        made.fields.emplace_back("WWW-Authenticate", "Bearer");
        return made;
    }
    if (same_secret(*given, *options_.token))
        return std::nullopt;
    ++refused_.tokens;
    refused_.from = asked.from;
    if (guesses_.take(options_.clock()))
        return refusal(403, "this is not the token of --http-token-file");
    auto made = refusal(429, "too many wrong tokens");
    made.fields.emplace_back("Retry-After", "1");
    made.after = options_.limits.guess_wait;
    return made;
}

/// Each order may leave an entry in the control log, for ever; a stop leaves none.
bool handler::too_many(const order& given)
{
    if (given.what == verb::drain ||
        orders_.take(options_.clock(), static_cast<double>(std::max<std::size_t>(1, given.settings.size()))))
        return false;
    ++refused_.orders;
    return true;
}

answer handler::control(const question& asked)
{
    if (auto no = barred(asked))
        return std::move(*no);
    if (!is_media_type(asked.content_type, "application/json"))
        return refusal(415, "the body must be application/json");
    std::string wrong;
    const auto given = read_order(asked.body, wrong);
    if (!given)
        return refusal(400, wrong);
    if (too_many(*given))
    {
        auto made = refusal(429, fmt::format("too many orders: {} a second are taken", options_.limits.orders));
        made.fields.emplace_back("Retry-After", "1");
        return made;
    }
    for (auto& one : resources_)
        one.kept_until = {};
    const auto result = options_.obey(*given);
    json body;
    if (result.status >= 300)
        body["error"] = fmt::format("{}", fmt::join(result.lines, "; "));
    else
        body["verb"] = name(given->what);
    body["lines"] = result.lines;
    return {result.status, "application/json", io::write_json(body) + "\n"};
}

}  // namespace bazaar::observe

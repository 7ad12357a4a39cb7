#include "bazaar/capture/connector_state.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/io/json.hpp"

namespace bazaar::capture
{
namespace
{

using json = nlohmann::ordered_json;

/// Of a 409: the workers are sharing out their work.
constexpr auto patience = std::chrono::seconds(10);
constexpr auto poll_interval = std::chrono::milliseconds(200);

constexpr std::string_view plugin_class = "io.debezium.connector.postgresql.PostgresConnector";

/// What Connect says is wrong, in one line.
std::string complaint(const rest_answer& answer)
{
    const auto body = io::read_json<json>(answer.body);
    const bool says = body.is_object() && body.contains("message") && body["message"].is_string();
    auto text = says ? body["message"].get<std::string>() : answer.body;
    for (char& c : text)
        if (c == '\n' || c == '\r')
            c = ' ';
    return fmt::format("{} ({})", text, answer.status);
}

[[noreturn]] void no_connect(const connect_rest& at)
{
    throw error(error_kind::config, fmt::format("what answers at {} is not Kafka Connect", at.url()));
}

/// Debezium puts its whole state into the middle of a message.
std::string shortened(std::string text)
{
    constexpr std::size_t most = 300;
    constexpr std::size_t head = 100;
    if (text.size() <= most)
        return text;
    return text.substr(0, head) + " ... " + text.substr(text.size() - (most - head));
}

/// First line of a Java trace, and the cause below which there is no other.
std::string summary_of(const std::string& trace)
{
    constexpr std::string_view mark = "\nCaused by: ";
    auto text = shortened(trace.substr(0, trace.find('\n')));
    const auto deepest = trace.rfind(mark);
    if (deepest != trace.npos)
    {
        const auto from = deepest + mark.size();
        const auto cause = shortened(trace.substr(from, trace.find('\n', from) - from));
        if (text.find(cause) == text.npos)
            text += "; " + cause;
    }
    return text;
}

rest_answer patient_get(const connect_rest& at, const std::string& target)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    auto answer = at.get(target);
    while (answer.status == 409 && std::chrono::steady_clock::now() < end)
    {
        std::this_thread::sleep_for(poll_interval);
        answer = at.get(target);
    }
    return answer;
}

}  // namespace

void refused(const connect_rest& at, const rest_answer& answer, const std::string& what)
{
    throw error(answer.status == 401 || answer.status == 403 ? error_kind::permission : error_kind::config,
                fmt::format("Kafka Connect at {} refuses to {}: {}{}", at.url(), what, complaint(answer),
                            answer.status == 401 ? "; log in with --connect-user and --connect-password-file, or with "
                                                   "USER:PASSWORD@ in --connect-url"
                                                 : ""));
}

connector_facts connector_state(const connect_rest& at, const std::string& name)
{
    connector_facts now;
    const auto answer = patient_get(at, "/connectors/" + name + "/status");
    if (answer.status != 200 && answer.status != 404)
        refused(at, answer, "tell the state of connector " + name);
    const auto body = io::read_json<json>(answer.body);
    if (!body.is_object())
        no_connect(at);
    if (answer.status == 404)
        return now;
    now.there = true;
    const auto failure = [&](const json& of)
    {
        if (now.trace.empty() && of.contains("trace"))
            now.trace = summary_of(of["trace"].get<std::string>());
    };
    try
    {
        now.state = body.at("connector").value("state", "?");
        failure(body["connector"]);
        for (const auto& task : body.at("tasks"))
        {
            now.tasks.push_back(task.value("state", "?"));
            failure(task);
        }
    }
    catch (const json::exception&)
    {
        no_connect(at);
    }
    return now;
}

connector_facts read_connector(const connect_rest& at, const std::string& name)
{
    const auto plugins = patient_get(at, "/connector-plugins");
    if (plugins.status == 401 || plugins.status == 403)
        refused(at, plugins, "list its plugins");
    const auto listed = io::read_json<json>(plugins.body);
    if (plugins.status != 200 || !listed.is_array())
        no_connect(at);
    auto now = connector_state(at, name);
    for (const auto& plugin : listed)
        if (plugin.is_object() && plugin.contains("class") && plugin["class"] == plugin_class &&
            plugin.contains("version") && plugin["version"].is_string())
            now.debezium = plugin["version"].get<std::string>();
    if (!now.there)
        return now;
    const auto answer = patient_get(at, "/connectors/" + name + "/config");
    if (answer.status != 200)
        refused(at, answer, "tell the configuration of connector " + name);
    const auto config = io::read_json<json>(answer.body);
    if (!config.is_object())
        no_connect(at);
    for (const auto& [key, value] : config.items())
        now.config[key] = value.is_string() ? value.get<std::string>() : value.dump();
    return now;
}

}  // namespace bazaar::capture

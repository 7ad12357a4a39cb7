#include "app/kafka_link.hpp"

#include <chrono>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/postgres/password.hpp"

namespace bazaar::app
{

kafka::client_settings kafka_settings(const options& opts)
{
    kafka::client_settings made{{"bootstrap.servers", opts.bootstrap_servers},
                                {"security.protocol", opts.security_protocol}};
    made.emplace_back("client.id", "bazaard/" + opts.run);
    if (opts.security_protocol.starts_with("sasl"))
        made.emplace_back("sasl.mechanisms", opts.sasl_mechanism.empty() ? "PLAIN" : opts.sasl_mechanism);
    if (!opts.sasl_username.empty())
        made.emplace_back("sasl.username", opts.sasl_username);
    if (opts.sasl_password_file)
        made.emplace_back("sasl.password", postgres::read_password(*opts.sasl_password_file));
    else if (opts.sasl_password)
        made.emplace_back("sasl.password", *opts.sasl_password);
    std::vector<std::string> missing;
    const auto file = [&](const char* name, std::string_view flag, const std::string& path)
    {
        if (path.empty())
            return;
        try
        {
            io::must_be_file(path, fmt::format("--{} {}", flag, path));
        }
        catch (const error& problem)
        {
            missing.emplace_back(problem.what());
        }
        made.emplace_back(name, path);
    };
    file("ssl.ca.location", "kafka-ca-file", opts.kafka_ca_file);
    file("ssl.certificate.location", "kafka-cert-file", opts.kafka_cert_file);
    file("ssl.key.location", "kafka-key-file", opts.kafka_key_file);
    if (!missing.empty())
        throw error(error_kind::no_input, std::move(missing));
    made.insert(made.end(), opts.kafka_conf.begin(), opts.kafka_conf.end());
    return made;
}

daemon::kafka_target kafka_target_of(const options& opts)
{
    daemon::kafka_target made;
    made.cluster = kafka_settings(opts);
    made.promise = opts.kafka_delivery;
    // The default is where a connector finds Apicurio.
    if (opts.is_given("registry-url"))
        made.registry.emplace(kafka::registry_place{.url = opts.registry_url, .user = {}});
    made.no_register = !opts.register_schemas;
    made.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout);
    return made;
}

kafka::admin kafka_admin(const options& opts)
{
    return {kafka_settings(opts), std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout)};
}

}  // namespace bazaar::app

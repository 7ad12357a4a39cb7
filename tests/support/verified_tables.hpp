#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "bazaar/postgres/connection.hpp"
#include "support/contents.hpp"
#include "support/daemon.hpp"
#include "support/sql_client.hpp"

// Tables that tests damage, and what `verify tables` says of them.

namespace bazaar::test
{

using json = nlohmann::json;

inline sql_client connect(const postgres::connection_flags& flags)
{
    return sql_client(flags);
}

inline std::string url_of(const postgres::connection_flags& flags)
{
    return "host=" + *flags.host + " port=" + *flags.port + " user=" + *flags.user + " dbname=" + *flags.name;
}

/// What a comparison said.
struct outcome
{
    int status = -1;
    std::string out, err;
    json report;

    [[nodiscard]] int count(const std::string& defect) const { return report.at("counts").at(defect).get<int>(); }
    [[nodiscard]] int figure(const std::string& name) const { return report.at("figures").at(name).get<int>(); }
    [[nodiscard]] int all() const
    {
        int sum = 0;
        for (const auto& [name, number] : report.at("counts").items())
            sum += number.get<int>();
        return sum;
    }
};

class verify_tables : public testing::Test
{
protected:
    ~verify_tables() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::string file(const std::string& name, const std::string& text = {})
    {
        std::filesystem::create_directories(directory_);
        const auto path = directory_ + "/" + name;
        if (!text.empty())
            std::ofstream(path) << text;
        return path;
    }

    [[nodiscard]] outcome verify(const postgres::connection_flags& at, std::vector<std::string> more = {})
    {
        const auto path = file("report.json");
        std::filesystem::remove(path);
        more.insert(more.begin(), {"tables", "--report", path, "--examples", "1000", "--progress", "off"});
        const auto done = run_bazaard("verify", at, more);
        return {done.status, done.out, done.err, json::parse(contents(path), nullptr, false)};
    }

    void run(const postgres::connection_flags& at, std::vector<std::string> more)
    {
        more.insert(more.end(), {"--unpaced", "--progress", "off"});
        const auto done = run_bazaard("run", at, more);
        ASSERT_EQ(done.status, 0) << done.err;
    }

    std::string directory_ = testing::TempDir() + "bazaard-verify-" + std::to_string(getpid());
};

/// Checks and references would forbid what the tests do to the rows.
inline void free_rows(sql_client& on)
{
    on.exec(
        "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE "
        "contype IN ('c', 'f') AND connamespace = 'demo'::regnamespace LOOP EXECUTE format('ALTER TABLE %s DROP "
        "CONSTRAINT %I', c.t, c.conname); END LOOP; END $$; ALTER TABLE demo.order_items DROP CONSTRAINT IF EXISTS "
        "order_items_order_id_product_id_key; DROP INDEX IF EXISTS demo.order_items_order_id_product_id_key; "
        "DROP INDEX IF EXISTS demo.events_session_id_sequence_number_key; DROP INDEX IF EXISTS demo.users_email_key");
}

}  // namespace bazaar::test

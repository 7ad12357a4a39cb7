#include <condition_variable>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/load.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/io/new_file.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/postgres/copy_form.hpp"
#include "bazaar/postgres/loader.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/clock.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/scenario/does.hpp"

namespace bazaar::daemon
{
namespace
{

namespace fs = std::filesystem;

/// It was stopped in the middle of a table.
struct left_early
{
};

/// Rows of one table as text or bytes of its file.
class row_text
{
public:
    row_text(const model::renderer& print, std::uint8_t number, const model::table& t, const model::key_codec& ids,
             bool binary)
        : print_(print), number_(number), form_(t), ids_(ids), binary_(binary)
    {
    }

    void add(std::span<const model::value> row)
    {
        if (binary_)
            form_.add(bytes_, row, ids_);
        else
            print_.copy_csv(number_, row, text_);
    }
    void begin()
    {
        if (binary_)
            postgres::encode_copy_header(bytes_);
        else
            print_.copy_csv_header(number_, text_);
    }
    void end()
    {
        if (binary_)
            postgres::encode_copy_trailer(bytes_);
    }
    void move_to(io::new_file& to)
    {
        to.write(binary_ ? bytes_.view() : std::string_view(text_));
        bytes_.clear();
        text_.clear();
    }

private:
    const model::renderer& print_;
    std::uint8_t number_;
    postgres::copy_form form_;
    const model::key_codec& ids_;
    bool binary_;
    postgres::byte_buffer bytes_;
    std::string text_;
};

stage made_of(const settings& opts, std::uint64_t seed)
{
    auto made = opts.card.empty() ? stage_of(opts, seed) : make_stage(read_card(opts.card), opts.seed_dir);
    refuse_topics(*made.shop);
    return made;
}

class exporting
{
public:
    exporting(const settings& opts, const std::stop_token& stop)
        : opts_(opts),
          stop_(stop),
          binary_(opts.plan_format == plan_format::binary),
          seed_(opts.seed ? *opts.seed : random_seed()),
          made_(made_of(opts, seed_)),
          now_(run::machine_time()),
          recorded_(planned_record(opts, *made_.shop, seed_, now_, [this] { return stop_.stop_requested(); })),
          ids_(recorded_.tag, recorded_.seed, made_.shop->tables()),
          tables_(made_.shop->tables()),
          print_(tables_, made_.shop->kinds(), ids_)
    {
    }

    load_end go()
    {
        const auto directory = fs::path(opts_.to);
        std::error_code failed;
        fs::create_directories(directory, failed);
        if (failed || !fs::is_empty(directory, failed) || failed)
            throw error(error_kind::no_output,
                        fmt::format("--to {}: must be a directory that is new or empty", opts_.to));
        history_ = run::history::of(*made_.shop, recorded_, {now_, opts_.ticks_max},
                                    [this] { return stop_.stop_requested(); });
        if (stop_.stop_requested())
            return load_end::stopped;
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            files_.push_back(is_written(i) ? std::make_unique<io::new_file>(new_file(directory / file_of(i)))
                                           : nullptr);
        try
        {
            write_first_rows();
            write_units();
        }
        catch (const left_early&)
        {
        }
        if (failure_)
            std::rethrow_exception(failure_);
        if (stop_.stop_requested())
        {
            log(process::log_level::warning, "stop", fmt::format("stopped: nothing is left in {}", opts_.to));
            return load_end::stopped;
        }
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (files_[i])
            {
                auto last = text_of(i);
                last.end();
                last.move_to(*files_[i]);
            }
        write_rest(directory);
        process::print_line(
            fmt::format("rows      {} in {}, {} units below the seam; card.json reproduces them, load.sql loads "
                        "them",
                        grouped(rows_), opts_.to, grouped(history_.seam)));
        return load_end::loaded;
    }

private:
    [[nodiscard]] bool is_written(std::uint8_t number) const
    {
        return tables_[number].sink == model::target::postgres && tables_[number].kept_by != model::role::heartbeat;
    }

    [[nodiscard]] std::string file_of(std::uint8_t number) const
    {
        return fmt::format("{}.{}", tables_[number].name, binary_ ? "bin" : "csv");
    }

    [[nodiscard]] row_text text_of(std::uint8_t number) const
    {
        return {print_, number, tables_[number], ids_, binary_};
    }

    /// Rows that no unit inserts.
    void write_first_rows()
    {
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
        {
            if (!files_[i])
                continue;
            auto text = text_of(i);
            text.begin();
            const auto take = [&](std::span<const model::value> row)
            {
                text.add(row);
                if (++rows_ % 4096 != 0)
                    return;
                text.move_to(*files_[i]);
                if (stop_.stop_requested())
                    throw left_early{};
            };
            history_.rows.first_rows(*made_.shop, i, recorded_.start, take);
            text.move_to(*files_[i]);
        }
    }

    /// Chunks are made side by side, and written one after the other.
    void write_units()
    {
        run::chunk_walk walk(*made_.shop, recorded_, history_.seam, chunk_units_of(history_.seam),
                             [this](const model::decision& d) { return history_.rows.any(d.no); });
        std::vector<std::jthread> workers;
        for (std::uint32_t i = 0; i < opts_.workers; ++i)
            workers.emplace_back(
                [&]
                {
                    try
                    {
                        work(walk);
                    }
                    catch (...)
                    {
                        const std::lock_guard lock(mutex_);
                        if (!failure_)
                            failure_ = std::current_exception();
                        turn_.notify_all();
                    }
                });
        work_progress line(opts_);
        std::unique_lock lock(mutex_);
        const auto all = run::load_state::count(history_.seam, chunk_units_of(history_.seam)) - 1;
        while (next_ < all && !failure_ && !stop_.stop_requested())
        {
            turn_.wait_for(lock, std::chrono::milliseconds(200));
            if (line.due())
                line.show(fmt::format("writing | {:.1f} % | {} rows",
                                      100.0 * static_cast<double>(next_) / static_cast<double>(all), grouped(rows_)),
                          static_cast<double>(next_), static_cast<double>(all), rows_, "rows");
        }
    }

    void work(run::chunk_walk& walk)
    {
        std::vector<model::decision> units;
        std::vector<row_text> texts;
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            texts.push_back(text_of(i));
        model::unit room;
        while (const auto chunk = walk.next(units))
        {
            std::uint64_t rows = 0;
            for (const auto& d : units)
            {
                made_.shop->build(d, room);
                history_.rows.keep(room, tables_);
                for (const auto& c : room.changes)
                    texts[c.table].add(c.after);
                rows += room.changes.size();
            }
            std::unique_lock lock(mutex_);
            turn_.wait(lock, [&] { return next_ == chunk->number || failure_ || stop_.stop_requested(); });
            if (next_ != chunk->number || failure_ || stop_.stop_requested())
                return;
            lock.unlock();
            for (std::uint8_t i = 0; i < tables_.size(); ++i)
                if (files_[i])
                    texts[i].move_to(*files_[i]);
            lock.lock();
            rows_ += rows;
            ++next_;
            turn_.notify_all();
        }
    }

    /// The card, and what loads the files.
    void write_rest(const fs::path& directory)
    {
        const auto chunk_units = chunk_units_of(history_.seam);
        run::load_state state{history_.seam, now_, chunk_units, false, recorded_.log.size(), {}};
        recorded_.log.push_back(state.begin());
        for (std::uint64_t i = 0; i < run::load_state::count(state.seam, state.chunk_units); ++i)
            recorded_.log.push_back(state.done(i));
        recorded_.settled = history_.seam;
        recorded_.clean = true;
        auto card = new_file(directory / "card.json");
        card.write(card_text(recorded_));
        auto script = new_file(directory / "load.sql");
        script.write("-- psql -v ON_ERROR_STOP=1 -f load.sql, in this directory, after bazaard init.\n" +
                     postgres::copy_script(
                         opts_.schema, tables_, [this](std::uint8_t number) { return file_of(number); },
                         binary_ ? "binary" : "csv, header",
                         [this](std::uint8_t number)
                         { return scenario::does(*made_.shop, model::op::update, number); }));
        for (const auto& file : files_)
            if (file)
                file->commit();
        card.commit();
        script.commit();
    }

    static io::new_file new_file(const fs::path& path) { return {path, "--to: " + path.string()}; }

    const settings& opts_;
    const std::stop_token stop_;
    const bool binary_;
    const std::uint64_t seed_;
    stage made_;
    const time now_;
    run::record recorded_;
    const model::key_codec ids_;
    std::span<const model::table> tables_;
    model::renderer print_;
    run::history history_;
    std::vector<std::unique_ptr<io::new_file>> files_;  ///< By table; none for those that are not written.
    std::uint64_t rows_ = 0;
    std::mutex mutex_;
    std::condition_variable turn_;
    std::uint64_t next_ = 0;  ///< Chunk whose turn it is.
    std::exception_ptr failure_;
};

}  // namespace

load_end load_into_files(const settings& opts, const std::stop_token& stop)
{
    return exporting(opts, stop).go();
}

}  // namespace bazaar::daemon

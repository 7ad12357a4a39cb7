#include "app/portrait_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/words.hpp"

namespace bazaar::app
{
namespace
{

constexpr std::size_t bar_most = 36;
constexpr std::size_t bar_least = 6;
constexpr std::size_t column_height = 6;

std::string padded(std::string_view text, std::size_t to, bool right = false)
{
    const std::string space(to > characters(text) ? to - characters(text) : 0, ' ');
    return right ? space + std::string(text) : std::string(text) + space;
}

/// The longest beginning of at most so many characters.
std::string_view beginning(std::string_view text, std::size_t most)
{
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80 && seen++ == most)
            return text.substr(0, i);
    return text;
}

std::string without_end(std::string line)
{
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::uint64_t greatest(const scenario::chart& of)
{
    std::uint64_t most = 0;
    for (const auto& one : of.bars)
        most = std::max(most, one.size);
    return most;
}

/// `full` parts of a bar with this share of the greatest value; whatever is not zero has one at least.
std::uint64_t parts(std::uint64_t size, std::uint64_t most, std::uint64_t full)
{
    return most == 0 ? 0 : std::max<std::uint64_t>((size * full + most / 2) / most, size > 0 ? 1 : 0);
}

std::string bar(std::uint64_t size, std::uint64_t most, std::size_t width, const screen& on)
{
    const auto halves = parts(size, most, width * 2);
    std::string text;
    for (std::uint64_t i = 0; i < halves / 2; ++i)
        text += on.blocks ? "█" : "#";
    return text + (halves % 2 == 0 ? "" : on.blocks ? "▌" : "-");
}

std::string bars(const scenario::chart& of, const screen& on)
{
    std::size_t labels = 0, texts = 0;
    for (const auto& one : of.bars)
    {
        labels = std::max(labels, characters(one.label));
        texts = std::max(texts, characters(one.text));
    }
    // On a narrow screen, labels are cut.
    const auto beside = texts + 5;
    labels = std::min(labels, on.width - std::min(on.width - 1, beside + bar_least));
    const auto width = std::clamp(on.width - std::min(on.width, beside + labels), bar_least, bar_most);
    std::string text;
    for (const auto& one : of.bars)
        text += fmt::format("  {}  {}{}{}\n", padded(beginning(one.label, labels), labels),
                            bar(one.size, greatest(of), width, on), one.size > 0 ? " " : "", one.text);
    return text;
}

/// A part of a column, in eighths.
std::string_view block(std::uint64_t eighths, const screen& on)
{
    static constexpr std::array<std::string_view, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static constexpr std::array<std::string_view, 9> ascii{" ", ".", ".", ".", ":", ":", ":", "#", "#"};
    return (on.blocks ? blocks : ascii)[static_cast<std::size_t>(eighths)];
}

std::string columns(const scenario::chart& of, const screen& on)
{
    const auto most = greatest(of);
    const bool wide = of.bars.size() * 3 + 1 <= on.width;
    std::string text;
    for (std::size_t row = column_height; row-- > 0;)
    {
        std::string line = wide ? " " : "  ";
        for (const auto& one : of.bars)
        {
            const auto eighths = parts(one.size, most, column_height * 8);
            const auto here = block(eighths > row * 8 ? std::min<std::uint64_t>(eighths - row * 8, 8) : 0, on);
            line += wide ? fmt::format(" {0}{0}", here) : std::string(here);
        }
        text += without_end(line);
    }
    std::string line = wide ? " " : "  ";
    const scenario::chart_bar* low = nullptr;
    const scenario::chart_bar* high = nullptr;
    for (std::size_t i = 0; i < of.bars.size(); ++i)
    {
        const auto& one = of.bars[i];
        if (wide)
            line += ' ' + padded(one.label, 2);
        else if (i % 3 == 0)
            line += padded(one.label, 3);
        low = low == nullptr || one.size < low->size ? &one : low;
        high = high == nullptr || one.size > high->size ? &one : high;
    }
    text += without_end(line);
    if (high != nullptr)
        text += fmt::format("  from {} ({}) to {} ({})\n", low->text, low->label, high->text, high->label);
    return text;
}

std::string table(const scenario::shaded_table& of, const screen& on)
{
    std::vector<std::size_t> widths;
    for (const auto& title : of.columns)
        widths.push_back(characters(title));
    const auto widen = [&](std::size_t column, std::string_view text)
    {
        if (column < widths.size())
            widths[column] = std::max(widths[column], characters(text));
    };
    for (const auto& row : of.rows)
    {
        widen(0, row.label);
        for (std::size_t i = 0; i < row.cells.size(); ++i)
            widen(i + 1, row.cells[i].text);
    }
    std::size_t shown = 0;
    for (std::size_t taken = 0; shown < widths.size() && taken + 2 + widths[shown] <= on.width; ++shown)
        taken += 2 + widths[shown];
    std::string text;
    const auto line = [&](auto cell_of, std::size_t cells)
    {
        std::string made;
        for (std::size_t i = 0; i < std::min(cells, shown); ++i)
            made += "  " + padded(cell_of(i), widths[i], i > 0);
        text += without_end(made);
    };
    line([&](std::size_t i) { return std::string_view(of.columns[i]); }, of.columns.size());
    for (const auto& row : of.rows)
        line([&](std::size_t i) { return std::string_view(i == 0 ? row.label : row.cells[i - 1].text); },
             row.cells.size() + 1);
    if (shown < widths.size())
        text += fmt::format("  ({} more in a wider terminal)\n", widths.size() - shown);
    return text;
}

std::string chart_text(const scenario::chart& of, const screen& on)
{
    if (of.bars.empty())
        return "  none\n";
    return of.shape == scenario::chart::form::columns ? columns(of, on) : bars(of, on);
}

std::string title_text(std::string_view title, const screen& on)
{
    std::string text = "\n";
    for (const auto& line : wrapped(title, on.width))
        text += line + '\n';
    return text;
}

std::string escaped(std::string_view text)
{
    std::string made;
    for (const char c : text)
        switch (c)
        {
        case '&':
            made += "&amp;";
            break;
        case '<':
            made += "&lt;";
            break;
        case '>':
            made += "&gt;";
            break;
        case '"':
            made += "&quot;";
            break;
        default:
            made += c;
        }
    return made;
}

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fff; --bar: 41, 98, 168; --faint: #66727f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --paper: #14191f; --bar: 108, 166, 236; --faint: #93a0ad; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2em auto; max-width: 72em;
  padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1em; margin: 0 0 .5em; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(15em, 1fr)); gap: 1em; }
.figures div { border-top: 2px solid rgb(var(--bar)); padding-top: .3em; }
.figures b { display: block; font-size: 1.35em; } .figures small { color: var(--faint); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(26em, 1fr)); gap: 2em; margin: 2em 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } td, th { padding: .1em .5em; text-align: right;
  font-weight: normal; white-space: nowrap; } td:first-child, th:first-child { text-align: left; } th { color: var(--faint); }
.bars { width: 100%; } .bars td { text-align: left; } .bars td:nth-child(2) { width: 60%; }
.bars i { display: block; height: .9em; background: rgb(var(--bar)); }
.columns { display: flex; align-items: flex-end; gap: 2px; height: 9em; } .columns span { flex: 1; text-align: center;
  font-size: .7em; color: var(--faint); } .columns i { display: block; background: rgb(var(--bar)); }
)";

/// Tenths of a percent as CSS has it.
std::string percent(std::uint64_t permille)
{
    return fmt::format("{}.{}%", permille / 10, permille % 10);
}

std::string html_chart(const scenario::chart& of)
{
    const auto most = greatest(of);
    auto text = fmt::format("<section><h2>{}</h2>\n", escaped(of.title));
    if (of.bars.empty())
        return text + "<p>none</p></section>\n";
    const bool beside = of.shape == scenario::chart::form::columns;
    text += beside ? "<div class=\"columns\">\n" : "<table class=\"bars\">\n";
    for (const auto& one : of.bars)
    {
        const auto permille = parts(one.size, most, 1000);
        text += beside
                    ? fmt::format("<span title=\"{}\"><i style=\"height:{}.{:02}em\"></i>{}</span>\n",
                                  escaped(one.text), permille * 8 / 1000, permille * 8 / 10 % 100, escaped(one.label))
                    : fmt::format("<tr><td>{}</td><td><i style=\"width:{}\"></i></td><td>{}</td></tr>\n",
                                  escaped(one.label), percent(permille), escaped(one.text));
    }
    return text + (beside ? "</div></section>\n" : "</table></section>\n");
}

std::string html_table(const scenario::shaded_table& of)
{
    auto text = fmt::format("<section><h2>{}</h2>\n<table><tr>", escaped(of.title));
    for (const auto& title : of.columns)
        text += fmt::format("<th>{}</th>", escaped(title));
    text += "</tr>\n";
    for (const auto& row : of.rows)
    {
        text += fmt::format("<tr><td>{}</td>", escaped(row.label));
        for (const auto& cell : row.cells)
            text += cell.shade == 0 ? fmt::format("<td>{}</td>", escaped(cell.text))
                                    : fmt::format("<td style=\"background:rgba(var(--bar),.{:03})\">{}</td>",
                                                  std::min<std::uint32_t>(cell.shade, 999), escaped(cell.text));
        text += "</tr>\n";
    }
    return text + "</table></section>\n";
}

}  // namespace

std::string portrait_text(const scenario::portrait& of, const screen& on)
{
    std::size_t titles = 0, values = 0, notes = 0;
    for (const auto& one : of.figures)
    {
        titles = std::max(titles, characters(one.title));
        values = std::max(values, characters(one.value));
        notes = std::max(notes, characters(one.note));
    }
    const bool wide = titles + values + notes + 4 <= on.width;
    std::string text;
    for (const auto& one : of.figures)
    {
        text += fmt::format("{}  {}{}{}\n", padded(one.title, titles), padded(one.value, values, true),
                            one.note.empty() || !wide ? "" : "  ", wide ? one.note : "");
        if (!wide && !one.note.empty())
            for (const auto& line : wrapped(one.note, on.width - 2))
                text += "  " + line + '\n';
    }
    for (const auto& one : of.charts)
        text += title_text(one.title, on) + chart_text(one, on);
    for (const auto& one : of.tables)
        text += title_text(one.title, on) + table(one, on);
    return text;
}

std::string portrait_html(const scenario::portrait& of, const std::string& title)
{
    auto text = fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n"
                            "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<div class=\"figures\">\n",
                            escaped(title), style);
    for (const auto& one : of.figures)
        text += fmt::format("<div>{}<b>{}</b><small>{}</small></div>\n", escaped(one.title), escaped(one.value),
                            escaped(one.note));
    text += "</div>\n<div class=\"charts\">\n";
    for (const auto& one : of.charts)
        text += html_chart(one);
    text += "</div>\n";
    for (const auto& one : of.tables)
        text += html_table(one);
    return text + "</body>\n</html>\n";
}

}  // namespace bazaar::app

#!/usr/bin/env python3
"""Reads the #include lines, names and undefined symbols of the tree against the table of rooms (docs/architecture.md).

  rooms.py [--top DIR] [--archive FILE ...]   0 when nothing is found, else 1 with a line per finding
  rooms.py --map [--top DIR]                  the rooms with their lines, their share of all, and the rooms below that they include
  rooms.py --self-test [--compiler C++]       damages copies of the tree in a temporary folder: every damage must be found

An archive is the static library of a pure room; what it leaves undefined must not be libm's, a locale's or a clock's.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# An arrow only downwards: a room includes itself and rooms of a lower rank. kafka, postgres and process stand beside each other.
RANKS = {"base": 0, "model": 1, "scenario": 2, "run": 3, "io": 3, "process": 4, "postgres": 4, "kafka": 4, "observe": 5, "verify": 6, "capture": 7, "daemon": 8, "app": 9}
PURE = {"base", "model", "scenario"}

# Libraries by the beginning of their header, and the rooms that may use them.
LIBRARIES = {
    "boost/": {"run", "process", "observe", "capture", "daemon", "app"},
    "libpq": {"postgres"},
    "pqxx": set(),
    "postgres_ext.h": {"postgres"},
    "librdkafka/": {"kafka"},
    "avro": {"kafka"},
    "google/protobuf/": {"kafka"},
    "rapidjson/": {"kafka"},
    "curl/": {"kafka"},
    "prometheus/": {"observe"},
    "simdjson": {"verify"},
    "spdlog/": {"process", "app"},
    "yaml.h": {"io"},
    "nlohmann/": {"io", "process", "postgres", "kafka", "observe", "verify", "capture", "daemon", "app"},
}

# Headers of the standard library whose results hang on the machine, the moment or the library's own choices.
NOT_PURE = set("""
    any async atomic barrier ccomplex cfenv clocale cmath codecvt complex condition_variable csetjmp csignal cstdio ctgmath
    ctime cwchar execution filesystem fstream future iomanip ios iostream istream latch locale mutex ostream print random
    regex semaphore shared_mutex spanstream sstream stop_token strstream syncstream thread unordered_map unordered_set
    valarray
""".split())

NAMES = {
    "std::shuffle": r"\bshuffle\s*\(|\brandom_shuffle\b",
    "a std distribution": r"\b(uniform_int|uniform_real|normal|lognormal|exponential|poisson|bernoulli|binomial|geometric|"
                          r"gamma|weibull|discrete|piecewise_\w+)_distribution\b",
    "std::hash": r"\bstd::hash\b",
    "an engine of <random>": r"\b(mt19937(_64)?|random_device|default_random_engine|minstd_rand0?)\b",
    "rand": r"\b(s?rand|s?random|[dlm]rand48)\s*\(\s*\)|\bstd::s?rand\b",
    "a clock": r"\b(system_clock|steady_clock|high_resolution_clock|utc_clock)\b|\bclock_gettime\b|\bgettimeofday\b|\bstd::time\s*\(",
    "the environment": r"\b(secure_)?getenv\b",
    "a locale": r"\b(setlocale|uselocale|newlocale|localeconv|strcoll|strxfrm|std::locale)\b",
    "a time zone": r"\b(localtime(_r)?|mktime|timelocal|tzset|strftime|zoned_time|current_zone|locate_zone|get_tzdb)\b",
    "libm": r"\bstd::(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|cbrt|hypot|"
            r"tgamma|lgamma|erf|erfc|fma)\s*\(",
    "hash order": r"\bstd::unordered_(multi)?(map|set)\b",
    "threads": r"\bstd::(thread|jthread|mutex|async|atomic)\b|\bthread_local\b",
}

LIBM = set("""
    log log2 log10 log1p exp exp2 exp10 expm1 pow sin cos tan sincos asin acos atan atan2 sinh cosh tanh asinh acosh atanh
    cbrt hypot tgamma lgamma erf erfc fma j0 j1 y0 y1
""".split())
SYMBOLS = {name + suffix for name in LIBM for suffix in ("", "f", "l")} | set("""
    setlocale uselocale newlocale localeconv strcoll strxfrm strcoll_l getenv secure_getenv rand srand random srandom drand48
    time clock clock_gettime gettimeofday localtime localtime_r gmtime mktime tzset strftime getrandom arc4random
    pthread_create pthread_mutex_lock fopen open
""".split())
SYMBOL_PATTERNS = [re.compile(p) for p in (
    r"^__(log|exp|pow|sin|cos|tan)\w*_finite$",
    r"^_ZNSt6chrono3_V21[0-9]\w+_clock3nowEv$",   # system_clock::now, steady_clock::now
    r"^_ZNSt6locale",
    r"^_ZNSt13random_device",
    r"^_ZSt11_Hash_bytes",                        # std::hash of strings
    r"^_ZNKSt8__detail20_Prime_rehash_policy",    # unordered containers
    r"^_ZSt4(cout|cerr|clog)$",
)]


def without_comments(text):
    """The code with comments and literals blanked out, line by line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z])\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.S)


def room_of(path, top):
    """The room of a source file; None for main.cpp and the like, which stand above all."""
    parts = path.relative_to(top).parts
    below = parts[2:] if parts[0] == "include" else parts[1:]
    return below[0] if len(below) > 1 else None


def check_include(path, top, header, quoted):
    """What is wrong with this include in this file, or nothing."""
    room = room_of(path, top)
    beside = (path.parent / header).resolve()
    if quoted and beside.is_file() and beside.is_relative_to(top):
        header = "/".join(beside.relative_to(top).parts[1:])
    if quoted or header.startswith("bazaar/"):
        parts = header.removeprefix("bazaar/").split("/")
        if len(parts) < 2:
            return f'"{header}" names no room'
        target = parts[0]
        if target not in RANKS:
            return f'"{header}" is of no room of the table'
        if target != room and RANKS[target] >= RANKS[room]:
            return f'"{header}": {room} is not above {target}'
        return None
    for prefix, rooms in LIBRARIES.items():
        if header.startswith(prefix):
            return None if room in rooms else f"<{header}> belongs to {', '.join(sorted(rooms)) or 'the tests'}"
    if room not in PURE or header.startswith("fmt/"):
        return None
    if "/" in header or header.endswith(".h"):
        return f"<{header}>: a pure room has std and fmt alone"
    return f"<{header}> is not for a pure room" if header in NOT_PURE else None


def check_tree(top, only=None):
    findings = []
    top = top.resolve()
    files = [top / only] if only else sorted(f for d in ("include", "src") for f in (top / d).rglob("*") if f.suffix in (".hpp", ".cpp", ".h"))
    if not files:
        return [f"{top}: no sources"]
    for path in files:
        room = room_of(path, top)
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(top)
        if room is None:
            continue
        if room not in RANKS:
            findings.append(f"{where}: {room} is no room of the table")
            continue
        for number, line in enumerate(text.split("\n"), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            wrong = found and check_include(path, top, found.group(2), found.group(1) == '"')
            if wrong:
                findings.append(f"{where}:{number}: {wrong}")
        if room in PURE:
            for number, line in enumerate(without_comments(text).split("\n"), 1):
                findings += [f"{where}:{number}: {what} in a pure room: {line.strip()}"
                             for what, pattern in NAMES.items() if re.search(pattern, line)]
    return findings


def check_types(top):
    """Types of one name in one namespace that are defined in two files: linked together, one is taken for the other."""
    findings, seen = [], {}
    for path in sorted(f for d in ("include", "src") for f in (top / d).rglob("*") if f.suffix in (".hpp", ".cpp", ".h")):
        depth, spaces = 0, []  # Open braces, and the namespaces among them with their depth.
        wanted = None  # A namespace whose brace comes next.
        for number, line in enumerate(without_comments(path.read_text(encoding="utf-8")).split("\n"), 1):
            if opened := re.match(r"\s*(?:inline )?namespace\b\s*([\w:]*)\s*\{?\s*$", line):
                wanted = opened.group(1)
            defined = re.match(r"\s*(?:struct|class|union|enum(?: class| struct)?) (\w+)(?: final)?\s*(?:(?::(?!:)|\{).*)?$", line)
            if defined and depth == len(spaces) and "" not in [name for name, _ in spaces]:
                name = "::".join([*(space for space, _ in spaces), defined.group(1)])
                where = f"{path.relative_to(top)}:{number}"
                if name in seen:
                    findings.append(f"{where}: {name} is also defined at {seen[name]}")
                seen.setdefault(name, where)
            for brace in re.findall(r"[{}]", line):
                depth += 1 if brace == "{" else -1
                if brace == "{" and wanted is not None:
                    spaces.append((wanted, depth))
                    wanted = None
                while spaces and spaces[-1][1] > depth:
                    spaces.pop()
    return findings


def draw_map(top):
    """A line a room, the highest first: lines, share, and how many includes lead to which room."""
    lines, arrows = dict.fromkeys(RANKS, 0), {room: {} for room in RANKS}
    for path in sorted(f for d in ("include", "src") for f in (top / d).rglob("*") if f.suffix in (".hpp", ".cpp", ".h")):
        room = room_of(path, top)
        if room not in RANKS:
            continue
        text = path.read_text(encoding="utf-8")
        lines[room] += text.count("\n")
        for header in re.findall(r'^\s*#\s*include\s*"(?:bazaar/)?(\w+)/', text, flags=re.M):
            if header in RANKS and header != room:
                arrows[room][header] = arrows[room].get(header, 0) + 1
    everything = max(1, sum(lines.values()))
    for room in sorted(RANKS, key=lambda one: (-RANKS[one], one)):
        to = ", ".join(f"{other} {count}" for other, count in sorted(arrows[room].items(), key=lambda one: (-RANKS[one[0]], one[0])))
        yield f"{room:10s} {lines[room]:6d} {100 * lines[room] / everything:3.0f} %  {'-> ' + to if to else ''}".rstrip()


def check_archive(path):
    listed = subprocess.run(["nm", "-u", "--format=posix", str(path)], capture_output=True, text=True, check=True).stdout
    findings = set()
    for line in listed.splitlines():
        symbol = line.split(" ")[0].split("@")[0]
        if symbol in SYMBOLS or any(p.search(symbol) for p in SYMBOL_PATTERNS):
            findings.add(f"{path.name}: needs {symbol}")
    return sorted(findings)


# Where, which line, and what the finding must say.
DAMAGES = [
    ("include/bazaar/postgres/session.hpp", "namespace bazaar::postgres\n{\nstruct publication_facts\n{\n};\n}", "is also defined at"),
    ("src/verify/report.cpp", "namespace bazaar::verify\n{\nclass judge final : public report\n{\n};\n}", "is also defined at"),
    ("include/bazaar/base/time.hpp", '#include "bazaar/model/unit.hpp"', "base is not above model"),
    ("include/bazaar/model/unit.hpp", '#include "bazaar/scenario/scenario.hpp"', "model is not above scenario"),
    ("src/scenario/thelook/planner.cpp", '#include "bazaar/run/clock.hpp"', "scenario is not above run"),
    ("include/bazaar/run/sink.hpp", '#include "bazaar/postgres/session.hpp"', "run is not above postgres"),
    ("include/bazaar/postgres/session.hpp", '#include "bazaar/app/options.hpp"', "postgres is not above app"),
    ("include/bazaar/postgres/session.hpp", '#include "bazaar/kafka/topics.hpp"', "postgres is not above kafka"),
    ("src/base/time.cpp", '#include "helpers.hpp"', "names no room"),
    ("src/base/time.cpp", '#include "elsewhere/helpers.hpp"', "of no room"),
    ("src/base/time.cpp", '#include "../scenario/thelook/lives.hpp"', "base is not above scenario"),
    ("src/base/fixed.cpp", "#include <random>", "<random> is not for"),
    ("src/base/fixed.cpp", "#include <cmath>", "<cmath> is not for"),
    ("src/base/fixed.cpp", "#  include <math.h>", "std and fmt alone"),
    ("src/model/arena.cpp", "#include <thread>", "<thread> is not for"),
    ("src/model/arena.cpp", "#include <locale>", "<locale> is not for"),
    ("src/scenario/settings.cpp", "#include <unordered_map>", "<unordered_map> is not for"),
    ("src/scenario/settings.cpp", "#include <fstream>", "<fstream> is not for"),
    ("src/scenario/settings.cpp", "#include <sys/time.h>", "std and fmt alone"),
    ("src/scenario/settings.cpp", "#include <boost/asio.hpp>", "belongs to"),
    ("src/postgres/session.cpp", "#include <boost/asio.hpp>", "belongs to"),
    ("src/run/pacer.cpp", "#include <libpq-fe.h>", "belongs to postgres"),
    ("src/app/options.cpp", "#include <pqxx/pqxx>", "belongs to the tests"),
    ("src/postgres/schema.cpp", "#include <pqxx/pqxx>", "belongs to the tests"),
    ("src/postgres/session.cpp", "#include <librdkafka/rdkafka.h>", "belongs to kafka"),
    ("src/capture/doctor.cpp", "#include <avro.h>", "belongs to kafka"),
    ("src/run/pacer.cpp", "#include <google/protobuf/io/coded_stream.h>", "belongs to kafka"),
    ("src/io/json.cpp", "#include <rapidjson/writer.h>", "belongs to kafka"),
    ("src/capture/doctor.cpp", "#include <curl/curl.h>", "belongs to kafka"),
    ("src/run/pacer.cpp", "#include <spdlog/spdlog.h>", "belongs to app, process"),
    ("src/scenario/declared/tree.cpp", "#include <yaml.h>", "belongs to io"),
    ("src/scenario/thelook/events.cpp", "void f(auto& v, auto& g) { std::shuffle(v.begin(), v.end(), g); }", "std::shuffle"),
    ("src/scenario/thelook/events.cpp", "std::uniform_int_distribution<int> d;", "a std distribution"),
    ("src/scenario/thelook/events.cpp", "auto h = std::hash<int>{}(1);", "std::hash"),
    ("src/scenario/thelook/events.cpp", "int r = std::rand();", "rand"),
    ("src/scenario/thelook/events.cpp", "auto t = std::chrono::system_clock::now();", "a clock"),
    ("src/scenario/thelook/events.cpp", "using c = std::chrono::steady_clock;", "a clock"),
    ("src/base/words.cpp", 'auto e = getenv("TZ");', "the environment"),
    ("src/base/words.cpp", 'void l() { setlocale(0, ""); }', "a locale"),
    ("src/base/words.cpp", "int c = strcoll(a, b);", "a locale"),
    ("src/base/time.cpp", "auto l = localtime(&t);", "a time zone"),
    ("src/base/fixed.cpp", "double d = std::log(2.0);", "libm"),
    ("src/io/small_file.cpp", '#include "bazaar/postgres/session.hpp"', "io is not above postgres"),
    ("src/model/arena.cpp", '#include "bazaar/io/small_file.hpp"', "model is not above io"),
    ("src/process/outlet.cpp", '#include "bazaar/app/options.hpp"', "process is not above app"),
    ("src/postgres/cdc.cpp", '#include "bazaar/capture/connector_config.hpp"', "postgres is not above capture"),
    ("src/process/outlet.cpp", '#include "bazaar/postgres/session.hpp"', "process is not above postgres"),
    ("src/kitchen/stove.cpp", "// a room that the table does not know", "no room of the table"),
]

# None of these may be found: comments, literals, and names that only look alike.
HARMLESS = [
    ("src/verify/report.cpp", "namespace bazaar::verify\n{\nnamespace\n{\nstruct judge\n{\n};\n}\n}"),
    ("src/verify/report.cpp", "namespace bazaar::verify\n{\nstruct outer_of_judge\n{\n    struct judge\n    {\n    };\n};\nstruct judge;\n}"),
    ("src/base/fixed.cpp", "// std::log and steady_clock would not do; getenv neither."),
    ("src/base/fixed.cpp", 'constexpr const char* text = "setlocale(0) and std::rand()";'),
    ("src/base/fixed.cpp", "constexpr int strand = 1, catalog_time = 2;"),
    ("src/base/fixed.cpp", "#include <chrono>"),
    ("src/app/options.cpp", "#include <spdlog/spdlog.h>"),
    ("src/app/options.cpp", '#include "bazaar/base/time.hpp"'),
    ("src/scenario/thelook/lives.cpp", '#include "events.hpp"'),
]

CODE = """#include <cmath>
#include <chrono>
#include <cstdlib>
#include <locale>
#include <string>
#include <unordered_map>
double noise(double x) { return std::log(x) + std::pow(x, 1.5f); }
long now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
const char* zone() { return std::getenv("TZ"); }
std::string place() { return std::locale().name(); }
std::size_t hashed(const std::string& s) { return std::unordered_map<std::string, int>{{s, 1}}.bucket(s); }
"""


def self_test(top, compiler):
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for part in ("include", "src"):
            shutil.copytree(top / part, copy / part)
        clean = [*check_tree(copy), *check_types(copy)]

        def with_line(file, line):
            path = copy / file
            before = path.read_bytes() if path.exists() else None
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((before or b"") + b"\n" + line.encode() + b"\n")
            found = [f for f in [*check_tree(copy, file), *check_types(copy)] if f not in clean]
            if before is None:
                shutil.rmtree(path.parent)
            else:
                path.write_bytes(before)
            return found

        (copy / "src/model/more.cpp").write_text('#include "bazaar/base/time.hpp"\n' * 1000)
        drawn = "\n".join(draw_map(copy))
        (copy / "src/model/more.cpp").unlink()
        grown = [int(re.search(rf"^model +(\d+).*-> base (\d+)$", text, flags=re.M)[n])
                 for text in (drawn, "\n".join(draw_map(copy))) for n in (1, 2)]
        if grown[0] != grown[2] + 1000 or grown[1] != grown[3] + 1000:
            failed.append(f"the map does not see a file: {grown}")

        for file, line, says in DAMAGES:
            if not any(says in f for f in with_line(file, line)):
                failed.append(f"not found: {line} in {file}")
        for file, line in HARMLESS:
            failed += [f"found without reason: {f}" for f in with_line(file, line)]

        (copy / "noise.cpp").write_text(CODE)
        subprocess.run([compiler, "-std=c++20", "-O2", "-c", "noise.cpp", "-o", "noise.o"], cwd=copy, check=True)
        subprocess.run(["ar", "rc", "libnoise.a", "noise.o"], cwd=copy, check=True)
        needs = " ".join(check_archive(copy / "libnoise.a"))
        for symbol in ("log", "pow", "steady_clock", "getenv", "_ZNSt6locale", "_Hash_bytes"):
            if symbol not in needs:
                failed.append(f"not found in an archive: {symbol}")
        (copy / "quiet.cpp").write_text("#include <string>\nstd::string quiet() { return std::string(40, 'x'); }\n")
        subprocess.run([compiler, "-std=c++20", "-O2", "-c", "quiet.cpp", "-o", "quiet.o"], cwd=copy, check=True)
        subprocess.run(["ar", "rc", "libquiet.a", "quiet.o"], cwd=copy, check=True)
        failed += [f"found without reason: {f}" for f in check_archive(copy / "libquiet.a")]
    for line in failed:
        print(line)
    print(f"rooms: {len(DAMAGES)} damages and {len(HARMLESS)} harmless lines tried, {len(failed)} wrong")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--archive", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--map", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--compiler", default="c++")
    given = parser.parse_args()
    if given.self_test:
        return self_test(given.top, given.compiler)
    if given.map:
        print("\n".join(draw_map(given.top.resolve())))
        return 0
    findings = check_tree(given.top) + check_types(given.top.resolve())
    for archive in given.archive:
        findings += check_archive(archive)
    for line in findings:
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Checks scenario files without the program: their YAML, scenarios/scenario.schema.json, and whether what a file names is there.

  scenarios.py [--top DIR]   the shipped files and their data, those of tests/scenarios, the steps of docs/scenario-tutorial.md
  scenarios.py FILE...       these files
  scenarios.py --self-test   damages copies of the shipped files in a temporary folder: every damage must be found

Scalars are texts here, as they are for the program. What types an expression has, and when a row can be picked at all, only the program knows.
Needs python3-yaml and python3-jsonschema.
"""

import argparse
import csv
import functools
import json
import pathlib
import re
import shutil
import sys
import tempfile

import jsonschema
import yaml

# The one that is made with libyaml is faster by far.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

TOP = pathlib.Path(__file__).resolve().parents[2]

FUNCTIONS = {"if", "round", "floor", "abs", "min", "max", "length", "lower", "upper", "ascii", "left", "concat", "date", "hour", "weekday",
             "before", "coalesce"}
WORDS = {"and", "or", "not", "in", "true", "false"}
TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:ms|s|m|h|d)?(?![\w.]))"
                   r"|(?P<name>[A-Za-z_]\w*(?:[-.]\w+)*)|(?P<symbol>!=|<=|>=|[-+*/%=<>(),]))")


SPAN = r"\d+(\.\d+)?(ms|s|m|h|d)"
SHARE = r"(100|\d{1,2}(\.\d+)?)%|0?\.\d+|0|1|0\.0+|1\.0+"
FORMS = {"every": (rf"{SPAN}(\.\.{SPAN})?", "duration or range"), "for": (rf"{SPAN}(\.\.{SPAN})?", "duration or range"),
         "each": (SPAN, "duration"), "within": (SPAN, "duration"), "chance": (SHARE, "share"), "hits": (SHARE, "share"),
         "missing": (rf"true|{SHARE}", "share"), "alpha": (r"1\.(0[1-9]|[1-9])\d*|[2-9](\.\d+)?|10(\.0+)?", "number from 1.01 to 10")}
# Of these the keys are names that a file gives.
NAMES = {"settings", "files", "lists", "tables", "links", "vars", "columns", "changes", "units", "checks", "set", "object", "by_stage", "stages",
         "hours", "curves", "windows", "states", "choice", "nest", "where", "take", "put"}


class found(list):
    """What is wrong: "file:line: path: what"."""

    def tell(self, file, line, path, what):
        self.append(f"{file}:{line}: {path + ': ' if path else ''}{what}")


# ---- Reading ---------------------------------------------------------------------------------------------------------

class text(str):
    """A scalar, or a key of a map, with its line; plain: without quotes."""
    line = 0
    plain = False


class mapping(dict):
    line = 0


class sequence(list):
    line = 0


def read(path, name, to):
    """The tree of a file; nothing if it is no YAML of ours."""
    try:
        content = path.read_text(encoding="utf-8")
        for event in yaml.parse(content, Loader=LOADER):
            for what, is_there in (("an alias", isinstance(event, yaml.AliasEvent)),
                                   ("an anchor", not isinstance(event, yaml.AliasEvent) and getattr(event, "anchor", None)),
                                   ("a tag", getattr(event, "tag", None))):
                if is_there:
                    to.tell(name, event.start_mark.line + 1, "", f"{what}; leave it out")
        root = yaml.compose(content, Loader=LOADER)
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        mark = getattr(wrong, "problem_mark", None)
        to.tell(name, mark.line + 1 if mark else 1, "", str(getattr(wrong, "problem", None) or wrong).splitlines()[0])
        return None
    return plain(root, name, "", to) if root else None


def plain(node, name, path, to):
    if isinstance(node, yaml.ScalarNode):
        made = text(node.value)
        made.plain = not node.style
    elif isinstance(node, yaml.SequenceNode):
        made = sequence(plain(one, name, path, to) for one in node.value)
    else:
        made = mapping()
        lines = {}
        for key, value in node.value:
            word = text(key.value if isinstance(key, yaml.ScalarNode) else "")
            word.line = key.start_mark.line + 1
            if word in lines:
                to.tell(name, word.line, path, f'"{word}" stands twice, first in line {lines[word]}')
                continue
            lines[word] = word.line
            made[word] = plain(value, name, f"{path}.{word}" if path else word, to)
    made.line = node.start_mark.line + 1
    return made


def line_of(tree, path):
    """Of the deepest part of a path that is there."""
    line = 1
    for part in path:
        if isinstance(tree, dict):
            line = next((key.line for key in tree if key == part), line)
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(tree, sequence):
            line = tree.line
    return line


def meant(wrong):
    """The worst fault of that alternative which was meant: the one whose own keys are there, and with the fewest faults."""
    ways = {}
    for one in wrong.context:
        ways.setdefault(one.schema_path[0], []).append(one)

    def likeness(way):
        here = [one.validator for one in way if len(one.path) == 0]
        return "enum" in here or "const" in here or "type" in here, "required" in here and "additionalProperties" in here, len(way)

    return max(min(ways.values(), key=likeness), key=lambda one: (one.validator == "additionalProperties", len(one.path)))


def typed(tree):
    """The tree with YAML's own types. The schema is made for editors, which see a file so."""
    if isinstance(tree, dict):
        return {str(key): typed(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [typed(one) for one in tree]
    if getattr(tree, "plain", False):
        if tree in ("true", "false"):
            return tree == "true"
        if tree in ("~", "null"):
            return None
        if re.fullmatch(r"-?(0|[1-9]\d*)", tree):
            return int(tree)
        if re.fullmatch(r"-?(\d+\.\d*|\.\d+)", tree):
            return float(tree)
    return str(tree)


def against_schema(tree, schema, name, to):
    for wrong in schema.iter_errors(typed(tree)):
        deepest = wrong
        while deepest.context:
            deepest = meant(deepest)
        path = list(deepest.absolute_path)
        to.tell(name, line_of(tree, path), ".".join(map(str, path)), deepest.message[:160])


# ---- Expressions -----------------------------------------------------------------------------------------------------

def names_in(expression):
    """(the names that an expression uses, what is wrong with it)."""
    names, wrong, open_ones, at, operand = [], [], [], 0, True
    expression = expression.rstrip()
    while at < len(expression):
        token = TOKEN.match(expression, at)
        if not token:
            return names, [f'"{expression[at:at + 12]}" is no word of an expression']
        at = token.end()
        name, symbol = token["name"], token["symbol"]
        is_value = token["text"] or token["number"] or (name and name not in ("and", "or", "not", "in"))
        if is_value or symbol == "(" or name == "not" or (symbol == "-" and operand):
            if not operand and not (symbol == "(" and open_ones and open_ones[-1] == "call"):
                wrong.append(f'"{token[0].strip()}" where an operator or the end must stand')
        elif operand and symbol != ")":
            wrong.append(f'"{token[0].strip()}" where a value must stand')
        if is_value and name and name not in WORDS:
            if re.match(r"\s*\(", expression[at:]):
                if name not in FUNCTIONS:
                    wrong.append(f'no function "{name}"')
                at = expression.index("(", at) + 1
                open_ones.append("(")
                operand = True
                continue
            names.append(name)
        if symbol == "(":
            open_ones.append("(")
        elif symbol == ")":
            if not open_ones:
                wrong.append('")" without "("')
            open_ones = open_ones[:-1]
        operand = not is_value and symbol != ")"
    if open_ones:
        wrong.append('")" is missing')
    if operand:
        wrong.append("a value is missing at the end")
    return names, wrong


def parts_of_template(template):
    return re.findall(r"\{([^{}]*)\}", template.replace("{{", "").replace("}}", ""))


# ---- One scenario ----------------------------------------------------------------------------------------------------

def merged(base, over):
    """`over` laid over `base`; a key with ~ is taken out."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    made = mapping((key, merged(base.get(key), value) if key in base else value) for key, value in over.items() if value not in ("~", "null"))
    made.update({key: value for key, value in base.items() if key not in over})
    made.line = over.line
    # In the order of the base, then what is new.
    order = [key for key in base if key in made] + [key for key in made if key not in base]
    ordered = mapping((key, made[key]) for key in order)
    ordered.line = over.line
    return ordered


def items(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def entries(value, key=None):
    if key is not None:
        value = value.get(key) if isinstance(value, dict) else None
    return list(value.items()) if isinstance(value, dict) else []


class scenario:
    def __init__(self, name, folder, tree, to, flags=frozenset()):
        self.name, self.folder, self.tree, self.to, self.flags = name, folder, tree, to, flags
        self.used = set()
        self.rows = {}  # Of files and lists: (columns, rows).
        self.tables = dict(entries(tree, "tables"))
        self.units = dict(entries(tree, "units"))
        self.clock = tree.get("clock") if isinstance(tree.get("clock"), dict) else {}
        self.stages = dict(entries(self.clock, "stages")) or {"live": "open"}
        self.settings = dict(entries(tree, "settings"))

    def tell(self, at, path, what):
        self.to.tell(self.name, getattr(at, "line", 1), path, what)

    def known(self, one, among, what, path):
        if one is None or not isinstance(one, str):
            return False
        if one not in among:
            self.tell(one, path, f'no {what} "{one}"; there are: {", ".join(map(str, among)) or "none"}')
        return one in among

    def check(self):
        self.forms(self.tree, "", False)
        self.read_data()
        self.makers = {name: [] for name in self.tables}
        for name, table in self.tables.items():
            self.makers_of(name, table)
        for name, unit in self.units.items():
            self.makers_by_unit(name, unit)
        for name, table in self.tables.items():
            self.check_table(name, table)
        for name, unit in self.units.items():
            self.check_unit(name, unit)
        for name, length in self.stages.items():
            self.expressions(length, self.settings, f"clock.stages.{name}")
        for name, one in self.settings.items():
            self.check_setting(name, one)
        self.expressions(self.tree.get("kafka"), self.settings, "kafka")
        self.unused()

    # -- Data

    def read_data(self):
        for name, one in entries(self.tree, "files"):
            path = self.folder / one.get("csv", "") if isinstance(one, dict) else None
            if path is None or not path.is_file():
                self.tell(name, f"files.{name}", "no such file")
                continue
            self.rows[name] = self.read_csv(name, path)
            if "weight" in one and self.known(one["weight"], self.rows[name][0], "column", f"files.{name}.weight"):
                self.weights(name, one["weight"], one["weight"], f"files.{name}.weight")
        for name, one in entries(self.tree, "lists"):
            if name in self.rows:
                self.tell(name, f"lists.{name}", "is a file, too")
            self.rows[name] = self.read_list(name, one)

    def read_csv(self, name, path):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        header = lines[0] if lines else []
        for column in header:
            if not re.fullmatch(r"[A-Za-z_]\w*", column) or header.count(column) > 1:
                self.tell(name, f"files.{name}", f'{path.name}: column "{column}" is no name, or stands twice')
        for number, line in enumerate(lines[1:], 2):
            if len(line) != len(header) or any(cell.strip() != cell for cell in line):
                self.tell(name, f"files.{name}", f"{path.name}: line {number} has {len(line)} cells of {len(header)}, or blanks around one")
        if len(lines) < 2:
            self.tell(name, f"files.{name}", f"{path.name} has no rows")
        return header, [dict(zip(header, line)) for line in lines[1:]]

    def read_list(self, name, one):
        if isinstance(one, dict):
            self.sum_of_weights(one, f"lists.{name}")
            return ["word"], [{"word": word} for word in one]
        if not one or not isinstance(one[0], dict):
            return ["word"], [{"word": word} for word in one]
        rows = []
        for item in one:
            if list(item) != list(one[0]):
                self.tell(item, f"lists.{name}", "an item must have the columns of the first one, in their order")
            wide = [key for key, value in item.items() if isinstance(value, list)]
            if len(wide) > 1:
                self.tell(item, f"lists.{name}", "more than one list in an item")
            rows += [{**item, wide[0]: word} for word in item[wide[0]]] if wide else [dict(item)]
        return list(one[0]), rows

    def weights(self, name, column, at, path):
        for number, row in enumerate(self.rows[name][1], 2):
            if not re.fullmatch(r"[1-9]\d*", row.get(column, "")):
                self.tell(at, path, f'{name}, line {number}: weight "{row.get(column)}" is no whole number from 1')

    def sum_of_weights(self, one, path):
        if isinstance(one, dict) and all(re.fullmatch(r"0*\.?0*", str(weight)) for weight in one.values()):
            self.tell(one, path, "the weights add up to 0")

    # -- Values of a form that a schema may leave open

    def forms(self, value, path, is_names):
        for number, one in enumerate(value if isinstance(value, list) else [], 1):
            self.forms(one, f"{path}[{number}]", False)
        for key, one in entries(value):
            form = None if is_names else FORMS.get(key)
            if form and isinstance(one, str) and not one.startswith("=") and not re.fullmatch(form[0], one):
                self.tell(key, f"{path}.{key}", f'"{one}" is no {form[1]}')
            self.forms(one, f"{path}.{key}", not is_names and key in NAMES)

    # -- Who makes rows of a table

    def makers_of(self, name, table):
        if not isinstance(table, dict):
            return
        if "arrives" in table or "seed" in table:
            self.makers[name].append(("own", None, None))
        for state, steps in entries(table.get("life"), "states"):
            for step in steps:
                if isinstance(step, dict) and "insert" in step and self.known(step["insert"], self.tables, "table",
                                                                              f"{name}.life.states.{state}.insert"):
                    self.makers[step["insert"]].append(("life", None, name))

    def makers_by_unit(self, name, unit):
        if name in self.tables:
            self.tell(name, name, "has the name of a table")
        for row in items(unit.get("rows")) if isinstance(unit, dict) else []:
            if not isinstance(row, dict) or "insert" not in row:
                continue
            if self.known(row["insert"], self.tables, "table", f"{name}.rows.insert"):
                self.makers[row["insert"]].append(("unit", name, None))
            short = row.get("short")
            if short not in (None, "drop", "none") and self.known(short, self.tables, "table", f"{name}.rows.short"):
                self.makers[short].append(("short", name, row["insert"]))

    # -- Names in expressions

    def columns(self, table):
        one = self.tables.get(table)
        return [name for name, _ in entries(one, "columns")]

    def add_vars(self, scope, prefix, block):
        for name, value in entries(block, "vars"):
            source = value.get("row_of") if isinstance(value, dict) else None
            if source is None:
                scope.add(prefix + name)
            for column in self.rows.get(source, ([], []))[0]:
                scope.add(f"{prefix}{name}.{column}")

    def add_links(self, scope, prefix, block):
        for name, link in entries(block, "links"):
            for column in self.columns(link.get("to") if isinstance(link, dict) else None):
                scope.add(f"{prefix}{name}.{column}")

    def scope_of(self, name, table):
        scope = set(self.settings) | set(self.columns(name))
        self.add_vars(scope, "", table)
        self.add_links(scope, "", table)
        if isinstance(table.get("rows_of"), str):
            scope |= {f"{table['rows_of']}.{column}" for column in self.rows.get(table["rows_of"], ([], []))[0]}
        for _, unit, line in self.makers[name]:
            scope |= {f"line.{column}" for column in self.columns(line)}
            if unit:
                scope.add(f"{unit}.number")
                self.add_vars(scope, f"{unit}.", self.units[unit])
                self.add_links(scope, f"{unit}.", self.units[unit])
        return scope

    def expression(self, one, scope, path, at):
        names, wrong = names_in(one)
        for what in wrong:
            self.tell(at, path, what)
        for name in names:
            if name in self.settings:
                self.used.add(name)
            if name not in scope:
                self.tell(at, path, f'no name "{name}" in "{one.strip()}"')

    def expressions(self, value, scope, path):
        """Of a value of any form, and what is in it."""
        if isinstance(value, str):
            if value.startswith("="):
                self.expression(value[1:], scope, path, value)
            return
        if isinstance(value, list):
            for one in value:
                self.expressions(one, scope, path)
            return
        for key, one in entries(value):
            if key == "text" and isinstance(one, str):
                for part in parts_of_template(one):
                    self.expression(part, scope, f"{path}.{key}", one)
            else:
                self.expressions(one, scope, f"{path}.{key}")

    def generator(self, value, scope, path):
        self.expressions(value, scope, path)
        if not isinstance(value, dict):
            return
        choice = value.get("choice")
        if isinstance(choice, str):
            self.list_named(choice, f"{path}.choice")
        self.sum_of_weights(choice, f"{path}.choice")
        if "row_of" in value and self.list_named(value["row_of"], f"{path}.row_of"):
            for column in value.get("where") or {}:
                self.known(column, self.rows[value["row_of"]][0], "column", f"{path}.where")
        for stage, one in entries(value, "by_stage"):
            self.known(stage, self.stages, "stage", f"{path}.by_stage")
            self.generator(one, scope, f"{path}.by_stage.{stage}")
        for part in ("else", "object"):
            for name, one in entries(value, part) if part == "object" else [("else", value.get("else"))]:
                self.generator(one, scope, f"{path}.{name}")
        if isinstance(value.get("list"), dict):
            self.generator(value["list"].get("of"), scope, f"{path}.list")

    def list_named(self, name, path):
        self.used.add(name)
        return self.known(name, self.rows, "file or list", path)

    # -- Parts

    def check_setting(self, name, one):
        if name in self.flags:
            self.tell(name, f"settings.{name}", f"the program has a flag --{name}")
        if not isinstance(one, dict):
            return
        if "choice" in one and "default" in one:
            self.known(one["default"], one["choice"], "word", f"settings.{name}.default")
        if "number" in one:
            numbers = [float(one[key]) for key in ("from", "number", "to") if key in one and re.fullmatch(r"-?[\d.]+", one[key])]
            if numbers != sorted(numbers):
                self.tell(name, f"settings.{name}", "is not between from and to")

    def arrivals(self, block, path):
        if isinstance(block, dict) and block.get("arrives") == []:
            self.tell(block["arrives"], f"{path}.arrives", "an empty list")
        for arrival in items(block.get("arrives")) if isinstance(block, dict) else []:
            if not isinstance(arrival, dict):
                continue
            stages = items(arrival.get("in"))
            for stage in stages:
                self.known(stage, self.stages, "stage", f"{path}.arrives.in")
            if "count" in arrival and (len(stages) != 1 or self.stages.get(stages[0]) == "open"):
                self.tell(arrival["count"], f"{path}.arrives", "count counts in one stage that has an end")
            for key, among in (("hours", "hours"), ("curve", "curves"), ("windows", "windows")):
                for one in items(arrival.get(key)):
                    self.used.add((among, one))
                    if self.known(one, dict(entries(self.clock, among)), key.rstrip("s"), f"{path}.arrives.{key}") and key == "windows":
                        if "times" not in self.clock["windows"][one]:
                            self.tell(one, f"{path}.arrives.windows", f'window "{one}" has no factor')
            self.expressions(arrival, self.settings, f"{path}.arrives")

    def link(self, name, link, links, path):
        if not isinstance(link, dict) or not self.known(link.get("to"), self.tables, "table", f"{path}.to"):
            return
        to = link["to"]
        if "by" in link and self.known(link["by"], self.columns(to), "column", f"{path}.by"):
            source = self.tables[to]["columns"][link["by"]]
            source = source.get("is", "") if isinstance(source, dict) else source
            cell = re.fullmatch(r"=\s*(\w+)\.(\w+)", source)
            if cell and cell[1] in self.rows and cell[2] in self.rows[cell[1]][0]:
                self.weights(cell[1], cell[2], link["by"], f"{path}.by")
        if "with" in link:
            self.known(link["with"].split(".")[0], [one for one in links if one != name], "link", f"{path}.with")

    def check_table(self, name, table):
        if not isinstance(table, dict) or not isinstance(table.get("columns"), dict):
            return
        columns, scope = self.columns(name), self.scope_of(name, table)
        if not self.makers[name]:
            self.tell(name, name, "nothing makes a row of it; give it seed, arrives, or a unit that inserts it")
        for key in ("key", "version"):
            if key in table:
                self.known(table[key], columns, "column", f"{name}.{key}")
        if isinstance(table.get("rows_of"), str):
            self.list_named(table["rows_of"], f"{name}.rows_of")
        elif table.get("seed") == "all":
            self.tell(table["seed"], f"{name}.seed", "all of what? rows_of is missing")
        order = list(self.tables)
        for link, one in entries(table, "links"):
            self.link(link, one, table["links"], f"{name}.links.{link}")
            if isinstance(one, dict) and one.get("to") in order and order.index(one["to"]) > order.index(name):
                self.tell(one["to"], f"{name}.links.{link}.to", f'"{one["to"]}" comes later; tables that others refer to come first')
        for part in ("vars", "columns"):
            for key, value in entries(table, part):
                self.generator(value, scope, f"{name}.{part}.{key}")
                if part == "vars" and key in columns:
                    self.tell(key, f"{name}.vars.{key}", "is a column, too")
        self.cycles(name, table)
        self.arrivals(table, name)
        self.expressions(table.get("seed"), self.settings, f"{name}.seed")
        self.expressions(table.get("to"), self.settings, f"{name}.to")
        self.lists_of_columns(name, table, columns)
        self.changes(name, table, columns, scope)
        self.life(name, table, columns, scope)
        for child in items(table.get("children")):
            self.known(child, self.tables, "table", f"{name}.children")

    def lists_of_columns(self, name, table, columns):
        kafka, sql = table.get("kafka") or {}, table.get("sql") or {}
        nests = entries(kafka, "nest") + entries(kafka.get("protobuf"), "nest")
        groups = items(table.get("unique")) + [group for _, group in nests] + [re.split(r",\s*", one) for one in items(sql.get("indexes"))]
        for group in groups:
            for one in items(group):
                column = text(one.split()[0])
                column.line = getattr(one, "line", line_of(self.tree, ["tables", name]))
                self.known(column, columns, "column", f"{name}: a list of columns")
        if kafka.get("key") not in (None, "none"):
            self.known(kafka["key"], columns, "column", f"{name}.kafka.key")

    def cycles(self, name, table):
        """A value that is needed for itself."""
        needs = {}
        for part in ("columns", "vars"):
            for key, value in entries(table, part):
                words = []
                self.collect(value, words)
                links = table.get("links") or {}
                needs[key] = {word.split(".")[0] for word in words if "." not in word or word.split(".")[0] not in links}
        done = set()

        def walk(one, way):
            if one in way:
                self.tell(one, f"{name}.{one}", "uses itself: " + " -> ".join([*way[way.index(one):], one]))
                return False
            if one in done or one not in needs:
                return True
            right = all(walk(other, [*way, one]) for other in sorted(needs[one]))
            done.add(one)
            return right

        for one in needs:
            if not walk(one, []):
                break

    def collect(self, value, words):
        if isinstance(value, str):
            words += names_in(value[1:])[0] if value.startswith("=") else []
        elif isinstance(value, list):
            for one in value:
                self.collect(one, words)
        else:
            for key, one in entries(value):
                if key == "text" and isinstance(one, str):
                    for part in parts_of_template(one):
                        words += names_in(part)[0]
                else:
                    self.collect(one, words)

    def targets(self, table):
        to = table.get("to", "postgres")
        if isinstance(to, str) and to.startswith("="):
            setting = self.settings.get(to[1:].strip())
            return set(setting.get("choice", [])) if isinstance(setting, dict) else set()
        return set(items(to))

    def changes(self, name, table, columns, scope):
        fixed = {table.get("key"), table.get("version")}
        changed = set()
        for change, one in entries(table, "changes"):
            if not isinstance(one, dict):
                continue
            inner = set(scope)
            self.add_vars(inner, "", one)
            self.arrivals(one, f"{name}.changes.{change}")
            for key, value in entries(one, "vars"):
                self.generator(value, inner, f"{name}.changes.{change}.vars.{key}")
            if "where" in one:
                self.expressions(one["where"], scope, f"{name}.changes.{change}.where")
                fixed |= set(names_in(one["where"][1:])[0])
            for key, value in entries(one, "set"):
                self.known(key, columns, "column", f"{name}.changes.{change}.set")
                self.generator(value, inner, f"{name}.changes.{change}.set.{key}")
                changed.add(key)
        for key in changed & fixed:
            self.tell(key, f"{name}.changes", f'"{key}" is key, version or part of where, and must not change')
        changes = bool(entries(table, "changes") or entries(table, "life"))
        key = table["columns"].get(table.get("key"))
        no_uuid = not (isinstance(key, dict) and "uuid" in key)
        if "postgres" in self.targets(table) and "version" not in table and (changes or no_uuid):
            self.tell(name, name, f'{"changes" if changes else "has a key that is no uuid"}, but has no version')

    def life(self, name, table, columns, scope):
        life = table.get("life")
        if not isinstance(life, dict):
            return
        states = dict(entries(life, "states"))
        targets = {step.get("to") for steps in states.values() for step in items(steps) if isinstance(step, dict)}
        path = f"{name}.life"
        self.known(life.get("column"), columns, "column", f"{path}.column")
        self.known(life.get("starts"), states, "state", f"{path}.starts")
        if isinstance(life.get("removed"), dict):
            self.known(life["removed"].get("from"), states, "state", f"{path}.removed.from")
        for state, steps in states.items():
            if state not in targets | {life.get("starts")}:
                self.tell(state, f"{path}.states.{state}", "no step leads there")
            total, rest = 0.0, 0
            for step in steps:
                if not isinstance(step, dict):
                    continue
                self.known(step.get("to"), states, "state", f"{path}.states.{state}.to")
                share = step.get("chance")
                rest += share is None
                total += 0 if share is None else float(share.rstrip("%")) / (100 if share.endswith("%") else 1)
                if "stamp" in step:
                    self.known(step["stamp"], columns, "column", f"{path}.states.{state}.stamp")
                for key, value in entries(step, "set"):
                    self.known(key, columns, "column", f"{path}.states.{state}.set")
                    self.generator(value, scope, f"{path}.states.{state}.set.{key}")
            if total > 1 + 1e-9 or rest > 1:
                self.tell(state, f"{path}.states.{state}", "the chances add up to more than 1, or more than one is left out")

    def check_unit(self, name, unit):
        if not isinstance(unit, dict):
            return
        scope = set(self.settings) | {f"{name}.number"}
        self.add_vars(scope, "", unit)
        self.add_links(scope, "", unit)
        self.arrivals(unit, name)
        for link, one in entries(unit, "links"):
            self.link(link, one, unit["links"], f"{name}.links.{link}")
        for key, value in entries(unit, "vars"):
            self.generator(value, scope, f"{name}.vars.{key}")
        follows = unit.get("follows")
        if ("follows" in unit) == ("arrives" in unit):
            self.tell(name, name, "a unit needs one of arrives and follows")
        if isinstance(follows, dict):
            self.expressions(follows, self.settings, f"{name}.follows")
            if "of" in follows:
                self.known(follows["of"], [*self.tables, *(one for one in self.units if one != name)], "table or unit", f"{name}.follows.of")
            if "low" in follows:
                self.counter(*follows["low"].split("."), follows["low"], f"{name}.follows.low")
            if "waits" in follows:
                self.used.add(("windows", follows["waits"]))
                self.known(follows["waits"], dict(entries(self.clock, "windows")), "window", f"{name}.follows.waits")
        for row in items(unit.get("rows")):
            if isinstance(row, dict):
                self.row(name, unit, row, scope)

    def counter(self, table, column, at, path):
        value = (self.tables.get(table, {}).get("columns") or {}).get(column) if self.known(text(table), self.tables, "table", path) else None
        if table in self.tables and not (isinstance(value, dict) and "counter" in value):
            self.tell(at, path, f'"{table}.{column}" is no counter')

    def row(self, name, unit, row, scope):
        path = f"{name}.rows"
        if isinstance(row.get("times"), dict):
            self.generator(row["times"], scope, f"{path}.times")
        if "change" in row:
            if self.known(row["change"], unit.get("links") or {}, "link", f"{path}.change"):
                table = unit["links"][row["change"]].get("to")
                for key, value in entries(row, "set"):
                    self.known(key, self.columns(table), "column", f"{path}.set")
                    self.generator(value, scope | set(self.columns(table)), f"{path}.set.{key}")
        table = self.tables.get(row.get("insert"))
        if not isinstance(table, dict):
            return
        links = {**(table.get("links") or {}), **{f"{name}.{key}": one for key, one in entries(unit, "links")}}
        inner = self.scope_of(row["insert"], table) | scope
        if "distinct" in row and self.known(row["distinct"], links, "link", f"{path}.distinct"):
            self.distinct(row, links[row["distinct"]].get("to"), path)
        for key in ("take", "put"):
            for moved, value in entries(row, key):
                link, _, column = moved.rpartition(".")
                if self.known(text(link), links, "link", f"{path}.{key}"):
                    self.counter(links[link].get("to"), column, moved, f"{path}.{key}")
                self.expressions(value, inner, f"{path}.{key}.{moved}")

    def distinct(self, row, table, path):
        """More rows than there are."""
        most = row.get("times", "1")
        choice = most.get("choice") if isinstance(most, dict) else None
        ends = re.findall(r"\d+", most) if isinstance(most, str) else [one for one in items(list(choice or [])) if one.isdigit()]
        seed = self.tables.get(table, {}).get("seed")
        there = len(self.rows.get(self.tables[table].get("rows_of"), ([], []))[1]) if seed == "all" else None
        there = int(seed) if isinstance(seed, str) and seed.isdigit() and "arrives" not in self.tables[table] else there
        if ends and there is not None and max(map(int, ends)) > there:
            self.tell(row["distinct"], f"{path}.distinct", f"up to {max(map(int, ends))} of {there} rows can never be had")

    def unused(self):
        for kind in ("files", "lists"):
            for name, _ in entries(self.tree, kind):
                if name not in self.used:
                    self.tell(name, f"{kind}.{name}", "nothing uses it")
        for name in self.settings:
            if name not in self.used:
                self.tell(name, f"settings.{name}", "nothing uses it")
        for kind in ("hours", "curves", "windows"):
            for name, _ in entries(self.clock, kind):
                if (kind, name) not in self.used:
                    self.tell(name, f"clock.{kind}.{name}", "nothing uses it")


def flags_of_program(top):
    """But those of another scenario."""
    path = top / "docs/flags.md"
    sections = re.split(r"^## ", path.read_text(encoding="utf-8") if path.is_file() else "", flags=re.M)
    return {flag for part in sections if not part.startswith("Shop") for flag in re.findall(r"^\| `--(?:\[no-\])?([a-z-]+)", part, re.M)}


def check_file(path, name, schema, shipped, to, folder=None):
    """The tree of a scenario file, whatever it extends laid under it."""
    tree = read(path, name, to)
    if not isinstance(tree, dict):
        to.tell(name, 1, "", "is no scenario file")
        return None
    before = len(to)
    folder = folder or path.parent
    base = tree.get("extends")
    if base is not None:
        under = shipped / f"{base}.yaml" if (shipped / f"{base}.yaml").is_file() else folder / base
        if not under.is_file():
            to.tell(name, line_of(tree, ["extends"]), "extends", f'no scenario or file "{base}"')
            return None
        lower = read(under, under.name, found())
        tree, folder = merged(lower, tree), under.parent
        tree.pop("extends", None)
    elif any(value in ("~", "null") for table in [tree, tree.get("tables") or {}] for _, value in entries(table)):
        to.tell(name, 1, "", "~ takes out what another file has, and this one extends none")
    against_schema(tree, schema, name, to)
    # Where a shape is wrong, names would only mislead.
    if len(to) == before:
        scenario(name, folder, tree, to, flags_of_program(shipped.parent)).check()
    return tree


# ---- What is shipped -------------------------------------------------------------------------------------------------

def numbers(rows, column):
    made = {}
    for row in rows:
        made[row[column]] = made.get(row[column], 0) + 1
    return made


GOOD = set("best beautiful clean comfortable delicious excellent fantastic favourite flawless friendliest friendly good great heavenly helpful "
           "kind kindest kinder lovely loveliest nice outstanding perfect perfectly pleasant quiet spotless superb warm wonderful worth".split())
BAD = set("avoid awful broke broken cold complaint complained dirty disappointing disgraceful disgusting dreadful dust dusty filthy horrible "
          "loud mould never noise nobody nothing poor rude shameful smell smelled stains terrible tired torn unsafe waste weak worst".split())


def tone(review):
    words = re.findall(r"[a-z]+", review.lower())
    return sum(word in GOOD for word in words) - sum(word in BAD for word in words)


def shipped_data(folder, to):
    """Rows of the data files, of which people will build upon the numbers."""
    def rows(name):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def need(right, name, what):
        if not right:
            to.tell(f"scenarios/{name}", 1, "", what)

    name = "smoothie-shop/smoothies.csv"
    menu = rows(name)
    cells = {(row["id"][:2], row["cogs"], row["price"], row["inventory"]) for row in menu}
    need(len(menu) == 27, name, f"{len(menu)} products; 27")
    need(cells == {("CS", "1.50", "4.99", "75"), ("SF", "2.10", "5.99", "50"), ("SC", "2.70", "5.99", "35"), ("IS", "2.20", "5.49", "60")}, name,
         "costs, prices and stocks by kind are others")
    total = 0
    for row in menu:
        total += int(row["weight"])
        need(int(row["range_weight"]) == total, name, f"{row['id']}: range_weight is not the sum of the weights so far")
    need(total == 242, name, f"the weights add up to {total}; 242")
    need(len({row["item"] for row in menu}) == len({row["description"] for row in menu}) == len(menu), name, "an item stands twice")

    name = "river-hotel/hotels.csv"
    hotels = rows(name)
    need(len(hotels) == 30 and len(numbers(hotels, "country")) == 9, name, "30 hotels in 9 countries")
    need(len({(row["city"], row["noun"]) for row in hotels}) == 30, name, "two hotels of one name")
    name = "river-hotel/hotel_texts.csv"
    texts = rows(name)
    need(numbers(texts, "category") == {one: 10 for one in numbers(hotels, "category")}, name, "10 descriptions of each category")
    need(len({row["description"] for row in texts}) == 50, name, "a description stands twice")
    name = "river-hotel/review_texts.csv"
    reviews = rows(name)
    need(numbers(reviews, "stars") == {str(stars): 20 for stars in range(1, 6)}, name, "20 texts of each number of stars")
    need(len({row["text"] for row in reviews}) == 100, name, "a text stands twice")
    for row in texts + reviews:
        said = row.get("text") or row["description"]
        need(60 <= len(said) <= 250 and said[-1] in ".!" and said.isascii(), name, f'"{said[:40]}..." is no text of one or two sentences')
    means = [sum(tone(row["text"]) for row in reviews if row["stars"] == str(stars)) for stars in range(1, 6)]
    need(means[0] < means[1] < 0 <= means[2] < means[3] < means[4], name, f"texts do not carry their stars: {means}")


EXPECT = re.compile(r"# expect: (\d+):(\d+): \S")

# Of the faulty files those whose fault is one of types, ranges or rules that only the program knows.
ONLY_THE_PROGRAM = re.compile(r"^# seen by the program alone$", re.M)


def faulty_files(folder, schema, shipped, to):
    files = sorted(folder.glob("*.yaml"))
    if len(files) < 45:
        to.tell("tests/scenarios/faulty", 1, "", f"{len(files)} files; at least 45")
    for path in files:
        name = f"tests/scenarios/faulty/{path.name}"
        bytes_of = path.read_bytes().decode("utf-8", "replace")
        lines = bytes_of.split("\n")
        expect = EXPECT.match(lines[0])
        if not expect:
            to.tell(name, 1, "", "the first line must be: # expect: LINE:COLUMN: path: message")
            continue
        line, column = int(expect[1]), int(expect[2])
        if not 2 <= line <= len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
            to.tell(name, 1, "", f"{line}:{column} is no place in the file")
        wrong = found()
        check_file(path, name, schema, shipped, wrong)
        if bool(wrong) == bool(ONLY_THE_PROGRAM.search(bytes_of)):
            to.tell(name, 1, "", f"says it is seen by the program alone, but: {wrong[0]}" if wrong else "nothing is found wrong with it")


def steps_of_tutorial(path):
    """(the number of the step, its file) of a tutorial."""
    for step in re.finditer(r"^<!-- step (\d+): (\S+) -->\n```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S):
        yield int(step[1]), step[2], step[3]


@functools.cache
def schema_of(top):
    schema = json.loads((top / "scenarios/scenario.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_tree(top, only=None):
    """What is wrong with all scenario files, or with one of the shipped ones."""
    to = found()
    shipped = top / "scenarios"
    schema = schema_of(TOP if only else top)
    names = {}
    for folder in ("scenarios", "tests/scenarios"):
        for path in sorted((top / folder).glob("*.yaml")):
            name = f"{folder}/{path.name}"
            tree = check_file(path, name, schema, shipped, to) if only in (None, path.stem) else None
            if tree is None:
                continue
            if tree.get("scenario") != path.stem:
                to.tell(name, 1, "scenario", f'"{tree.get("scenario")}" is not the name of its file')
            if tree.get("scenario") in names:
                to.tell(name, 1, "scenario", f'{names[tree.get("scenario")]} has that name, too')
            names[tree.get("scenario")] = name
    shipped_data(shipped, to)
    if (top / "tests/scenarios/faulty").is_dir():
        faulty_files(top / "tests/scenarios/faulty", schema, shipped, to)
    tutorial = top / "docs/scenario-tutorial.md"
    if tutorial.is_file():
        steps = list(steps_of_tutorial(tutorial))
        if [number for number, _, _ in steps] != list(range(1, 11)):
            to.tell("docs/scenario-tutorial.md", 1, "", f"steps {[number for number, _, _ in steps]}; 1 to 10")
        with tempfile.TemporaryDirectory(prefix="bazaard-tutorial.") as scratch:
            for number, file, content in steps:
                path = pathlib.Path(scratch) / file
                path.write_text(content, encoding="utf-8")
                check_file(path, f"docs/scenario-tutorial.md, step {number}", schema, shipped, to)
    return to


# ---- Negative controls -----------------------------------------------------------------------------------------------

# (what, file, from, to, what is found). Each is one change of a copy.
DAMAGES = [
    ("an unknown key", "smoothie-shop.yaml", "    key: product_id\n", "    key: product_id\n    keys: product_id\n", "keys"),
    ("a key of another place", "river-hotel.yaml", "pick: next, once: true", "pick: next, once: true, rate: 8/s", "rate"),
    ("a doubled key", "correlated-ecommerce.yaml", "    kafka: {record: Order}\n", "    kafka: {record: Order}\n    to: kafka\n", "stands twice"),
    ("an alias", "correlated-ecommerce.yaml", "status:       pending", "status:       &x pending", "an anchor"),
    ("a comma in braces", "smoothie-shop.yaml", "help: \"at this level or below, more is ordered\"", "help: at this level or below, more is ordered",
     "more is ordered"),
    ("a tab", "river-hotel.yaml", "    to: postgres\n", "\tto: postgres\n", "character"),
    ("a link to nowhere", "correlated-ecommerce.yaml", "order: {to: orders", "order: {to: ordres", 'no table "ordres"'),
    ("a column that a link has not", "correlated-ecommerce.yaml", "= order.total_amount", "= order.total", 'no name "order.total"'),
    ("a link that is not there", "river-hotel.yaml", "= stay.booking_id", "= stays.booking_id", 'no name "stays.booking_id"'),
    ("a key that is no column", "river-hotel.yaml", "key: review_id", "key: reviews_id", 'no column "reviews_id"'),
    ("no version where rows change", "river-hotel.yaml", "    version: updated_at\n    seed: 1000", "    seed: 1000", "changes, but has no version"),
    ("a version column that is not there", "smoothie-shop.yaml", "version: updated_at", "version: changed_at", 'no column "changed_at"'),
    ("a range that is none", "river-hotel.yaml", "every: 10s..15s", "every: 10-15s", "10-15s"),
    ("a share above one", "smoothie-shop.yaml", "chance: 70%", "chance: 170%", "170%"),
    ("an exponent that is too low", "correlated-ecommerce.yaml", "alpha: 1.5", "alpha: 0.8", "0.8"),
    ("a way to pick that is none", "correlated-ecommerce.yaml", "pick: zipf", "pick: zipff", "zipff"),
    ("a way to pick without what it needs", "smoothie-shop.yaml", "pick: weighted, by: propensity_to_buy", "pick: weighted", "'by' is a required"),
    ("an unknown window", "smoothie-shop.yaml", "windows: [storm, outage", "windows: [storms, outage", 'no window "storms"'),
    ("a window without a factor", "smoothie-shop.yaml", "[storm, outage, promotion]", "[storm, outage, promotion, strike]", "has no factor"),
    ("an unknown stage", "river-hotel.yaml", "{in: stays, count: 200}", "{in: stay, count: 200}", 'no stage "stay"'),
    ("a count without an end", "river-hotel.yaml", "{in: stays, count: 200}", "{in: live, count: 200}", "has an end"),
    ("a file that is not there", "smoothie-shop.yaml", "smoothies.csv", "smoothie.csv", "no such file"),
    ("a column that the file has not", "smoothie-shop.yaml", "= menu.item", "= menu.name", 'no name "menu.name"'),
    ("a condition on no column", "river-hotel.yaml", "where: {stars: = stars}", "where: {rating: = stars}", 'no column "rating"'),
    ("a counter that is none", "smoothie-shop.yaml", "low: products.inventory", "low: products.price", "is no counter"),
    ("a line that falls to no table", "smoothie-shop.yaml", "short: lost_sales", "short: lost_sale", 'no table "lost_sale"'),
    ("weights that add up to nothing", "smoothie-shop.yaml", "{1: 24, 2: 5, 3: 1}", "{1: 0, 2: 0, 3: 0.0}", "add up to 0"),
    ("more distinct rows than there are", "smoothie-shop.yaml", "{choice: {1: 13, 2: 5, 3: 2}}", "{choice: {1: 13, 31: 2}}",
     "can never be had"),
    ("a value that uses itself", "smoothie-shop.yaml", "price:            = product.price", "price:            = total_purchase", "uses itself"),
    ("an expression without an end", "smoothie-shop.yaml", "quantity * product.cogs", "quantity *", "a value is missing"),
    ("a function that is none", "river-hotel.yaml", "= round(room_capacity * free)", "= rounded(room_capacity * free)", 'no function "rounded"'),
    ("a setting that nothing uses", "smoothie-shop.yaml", "at: = min-stock", "at: 10", "settings.min-stock"),
    ("a setting that is a flag already", "correlated-ecommerce.yaml", "records", "format", "the program has a flag --format"),
    ("a default that is no word", "river-hotel.yaml", "default: kafka", "default: kafak", 'no word "kafak"'),
    ("a table that nothing fills", "correlated-ecommerce.yaml", "    arrives: {rate: 8/s, max: = payments}\n", "", "nothing makes a row"),
    ("a change of the key", "river-hotel.yaml", "set: {rewards_points: {int: 100..2000}}", "set: {customer_id: {int: 100..2000}}", "must not change"),
    ("a table before what it refers to", "smoothie-shop.yaml", "product: {to: products, pick: cause}    # the row whose counter",
     "product: {to: lost_sales, pick: cause}    # the row whose counter", "comes later"),
    ("a product less", "smoothie-shop/smoothies.csv", "IS04,", None, "26 products"),
    ("another price", "smoothie-shop/smoothies.csv", ",4.99,75,", ",4.95,75,", "costs, prices and stocks"),
    ("a weight of 0", "smoothie-shop/smoothies.csv", "false,6,6\n", "false,0,6\n", "is no whole number from 1"),
    ("a cell too many", "river-hotel/hotels.csv", "India,Mumbai,Tower,Luxury", "India,Mumbai,Tower,Luxury,5", "cells of 4"),
    ("a review of other stars", "river-hotel/review_texts.csv", "\n5,", "\n4,", "20 texts of each"),
    ("a text that stands twice", "river-hotel/review_texts.csv", None, None, "a text stands twice"),
    ("stars the wrong way round", "river-hotel/review_texts.csv", "", "", "do not carry their stars"),
    ("a country less", "river-hotel/hotels.csv", "Egypt,Cairo,Hotel,Airport\nEgypt,", "Italy,Cairo,Hotel,Airport\nItaly,", "9 countries"),
]


def damaged(content, before, after, what):
    if what == "a text that stands twice":
        lines = content.splitlines(keepends=True)
        return "".join([*lines[:-1], lines[-2]])
    if what == "stars the wrong way round":
        return re.sub(r"^([1-5]),", lambda star: f"{6 - int(star[1])},", content, flags=re.M)
    if what == "a setting that is a flag already":
        return re.sub(rf"^  {before}:|= {before}\b", lambda one: one[0].replace(before, after), content, flags=re.M)
    if after is None:
        return "".join(line for line in content.splitlines(keepends=True) if not line.startswith(before))
    return content.replace(before, after, 1)


def self_test(top):
    good = not check_tree(top)
    print(f"  {'the tree as it is':42s} {'is right' if good else '***Failed: ' + check_tree(top)[0]}")
    for what, file, before, after, wanted in DAMAGES:
        with tempfile.TemporaryDirectory(prefix="bazaard-scenarios.") as scratch:
            copy = pathlib.Path(scratch)
            shutil.copytree(top / "scenarios", copy / "scenarios")
            (copy / "docs").mkdir()
            shutil.copy(top / "docs/flags.md", copy / "docs")
            path = copy / "scenarios" / file
            content = path.read_text(encoding="utf-8")
            harmed = damaged(content, before, after, what)
            path.write_text(harmed, encoding="utf-8")
            lines = check_tree(copy, file.split("/")[0].removesuffix(".yaml"))
            hit = harmed != content and any(wanted in line for line in lines)
            good = good and hit
            print(f"  {what:42s} {'found' if hit else '***Failed: not found: ' + str(lines[:3])}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=pathlib.Path, default=TOP)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    given = parser.parse_args()
    if given.self_test:
        sys.exit(0 if self_test(given.top) else 1)
    if given.files:
        to = found()
        schema = schema_of(given.top)
        for path in given.files:
            check_file(path, str(path), schema, given.top / "scenarios", to)
    else:
        to = check_tree(given.top)
    print("\n".join(to) if to else "nothing is wrong with the scenario files")
    sys.exit(1 if to else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks of the committed seed files.

  seed_test.py SEED_DIR               exit 0 if every check holds, else 1 with the failures
  seed_test.py SEED_DIR --self-test   damage copies in a temporary folder; every damage must be noticed
"""
import csv
import hashlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict

sys.dont_write_bytecode = True

HEADERS = {
    "products.csv": "id,cost,category,name,brand,retail_price,department,sku,distribution_center_id,popularity",
    "distribution_centers.csv": "id,name,latitude,longitude",
    "places.csv": "country,state,city,postal_code,latitude,longitude,population",
    "names.csv": "country,kind,gender,name,ascii,weight",
    "streets.csv": "country,kind,value",
}

# department | category | count | mean price | least | greatest price | cost share
CELLS = """Men|Jeans|1117|101.16|9.99|389.0|0.5316
Men|Underwear|1088|27.16|5.99|283.34|0.4703
Men|Tops & Tees|1084|42.25|5.0|268.0|0.5608
Men|Pants|1041|59.81|9.99|293.33|0.459
Men|Sweaters|999|77.59|9.0|349.98|0.5004
Men|Fashion Hoodies & Sweatshirts|971|58.32|10.43|903.0|0.5503
Men|Sleep & Lounge|941|50.16|6.99|399.95|0.3993
Men|Shorts|939|50.14|7.9|999.0|0.5008
Men|Swim|906|50.09|12.9|274.99|0.6005
Men|Socks|905|20.42|2.99|903.0|0.6023
Men|Outerwear & Coats|828|149.27|11.99|999.0|0.4421
Men|Accessories|820|41.68|1.5|296.45|0.4007
Men|Active|753|47.63|5.0|903.0|0.4207
Men|Suits & Sport Coats|739|126.56|9.99|698.0|0.4007
Women|Intimates|2363|33.71|1.75|903.0|0.5306
Women|Dresses|955|84.2|7.99|498.0|0.4513
Women|Maternity|898|50.8|1.98|275.0|0.4415
Women|Fashion Hoodies & Sweatshirts|895|49.14|8.88|288.0|0.4705
Women|Swim|892|65.66|5.95|288.0|0.4209
Women|Jeans|882|93.66|12.0|326.0|0.5412
Women|Sleep & Lounge|830|48.15|2.99|360.0|0.601
Women|Shorts|826|40.8|4.99|246.0|0.5003
Women|Tops & Tees|784|40.08|3.11|285.0|0.5589
Women|Plus|758|38.43|1.82|903.0|0.5008
Women|Accessories|739|43.55|2.0|299.0|0.4007
Women|Sweaters|738|72.24|5.99|588.0|0.449
Women|Active|679|53.93|1.95|903.0|0.4202
Women|Socks & Hosiery|666|16.76|1.95|159.95|0.4013
Women|Pants & Capris|613|54.71|7.92|895.0|0.531
Women|Outerwear & Coats|592|141.47|10.51|903.0|0.4495
Women|Leggings|564|27.15|4.99|528.81|0.6
Women|Blazers & Jackets|561|92.6|7.68|698.0|0.38
Women|Skirts|367|52.33|6.49|598.0|0.3998
Women|Suits|188|116.16|13.99|239.72|0.6046
Women|Jumpsuits & Rompers|162|45.42|8.74|550.0|0.5288
Women|Clothing Sets|37|84.84|19.99|199.95|0.6183"""

# country -> (postal code, least rows, (south, north, west, east))
COUNTRIES = {
    "United States": (r"\d{5}", 5000, (18, 72, -180, -65)),
    "China": (r"\d{6}", 1000, (17, 54, 73, 136)),
    "Brazil": (r"\d{5}-\d{3}", 1000, (-34, 6, -74, -28)),
    "South Korea": (r"[0-6]\d{4}", 300, (32, 39, 124, 132)),
    "France": (r"(0[1-9]|[1-8]\d|9[0-5])\d{3}", 1000, (41, 52, -6, 10)),
    "United Kingdom": (r"[A-Z]{1,2}[1-9]\d? \d[ABD-HJLNP-UW-Z]{2}", 1000, (49, 61, -9, 2)),
    "Germany": (r"(0[1-46-9]|[1-9]\d)\d{3}", 1000, (47, 56, 5, 16)),
    "Spain": (r"(0[1-9]|[1-4]\d|5[0-2])\d{3}", 1000, (27, 44, -19, 5)),
    "Japan": (r"\d{3}-\d{4}", 1000, (24, 46, 122, 146)),
    "Australia": (r"0[89]\d{2}|[2-7]\d{3}", 900, (-44, -9, 112, 154)),
    "Belgium": (r"[1-9]\d{3}", 500, (49, 52, 2, 7)),
    "Poland": (r"\d{2}-\d{3}", 700, (48, 55, 14, 25)),
    "Austria": (r"[1-9]\d{3}", 300, (46, 50, 9, 18)),
    "Colombia": (r"\d{6}", 400, (-5, 14, -82, -66)),
}


class Check:
    def __init__(self, folder):
        self.folder = folder
        self.failures = []

    def that(self, ok, text):
        if not ok:
            self.failures.append(text)
        return ok

    def first(self, bad, text):
        bad = list(bad)
        self.that(not bad, f"{text}: {len(bad)}, first: {bad[0] if bad else ''}")

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name), "rb") as f:
                data = f.read()
        except OSError as e:
            self.that(False, f"{name}: {e.strerror}")
            return []
        self.that(b"\r" not in data, f"{name}: has a carriage return")
        self.that(data.endswith(b"\n") and not data.endswith(b"\n\n"), f"{name}: does not end in one newline")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as e:
            self.that(False, f"{name}: not UTF-8: {e}")
            return []
        self.that(not text.startswith("\ufeff"), f"{name}: byte order mark")
        header = HEADERS[name]
        self.that(text.split("\n", 1)[0] == header, f"{name}: header is not {header}")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
        width = header.count(",") + 1
        wrong = [i + 2 for i, r in enumerate(rows) if len(r) != width]
        if not self.that(not wrong, f"{name}: {len(wrong)} rows without {width} fields, first row {wrong[:1]}"):
            return []
        self.first((r for r in rows if any(v == "" or v.strip() != v or v.lower() in ("null", "none", "nan")
                                           for v in r)), f"{name}: empty, padded or null value")
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([header.split(",")] + rows)
        self.that(out.getvalue() == text, f"{name}: quoting is not the minimal form")
        return rows


def near(got, want, share):
    return abs(got - want) <= share * want


def check_products(c, rows, centers):
    c.that([r[0] for r in rows] == [str(i) for i in range(1, 29121)], "products: ids are not 1..29120 in order")
    money = re.compile(r"(0|[1-9]\d*)\.\d{2}")
    bad = [r for r in rows if not money.fullmatch(r[1]) or not money.fullmatch(r[5])]
    c.first(bad, "products: amount without exactly two decimals")
    if bad:
        return
    cents = {r[0]: (round(float(r[1]) * 100), round(float(r[5]) * 100)) for r in rows}
    c.first((r for r in rows if not 0 < cents[r[0]][0] < cents[r[0]][1]), "products: not 0 < cost < retail_price")
    cells = defaultdict(list)
    for r in rows:
        cells[r[6], r[2]].append(r)
    wanted = {}
    for line in CELLS.splitlines():
        d, cat, n, mean, low, high, share = line.split("|")
        wanted[d, cat] = n
        got = cells.get((d, cat), [])
        if not c.that(len(got) == int(n), f"products: {d} {cat}: {len(got)} rows, expected {n}") or not got:
            continue
        price = sum(cents[r[0]][1] for r in got)
        cost = sum(cents[r[0]][0] for r in got)
        c.that(near(price / len(got) / 100, float(mean), .05), f"products: {d} {cat}: mean price {price / len(got) / 100:.2f}, expected {mean}")
        c.that(near(cost / price, float(share), .05), f"products: {d} {cat}: cost share {cost / price:.4f}, expected {share}")
        c.first((r for r in got if not float(low) - .005 <= float(r[5]) <= float(high) + .005), f"products: {d} {cat}: price outside {low}..{high}")
    c.first((k for k in cells if k not in wanted), "products: unknown department and category")
    if rows:
        mean = sum(v[1] for v in cents.values()) / len(rows) / 100
        cost = sum(v[0] for v in cents.values()) / len(rows) / 100
        c.that(near(mean, 59.22, .03), f"products: mean price {mean:.2f}, expected 59.22")
        c.that(near(cost, 28.48, .03), f"products: mean cost {cost:.2f}, expected 28.48")
    ends = Counter(v[1] % 100 for v in cents.values())
    for e, share in ((99, .45), (95, .15), (0, .25)):
        c.that(abs(ends[e] / max(1, len(rows)) - share) < .03, f"products: {ends[e]} prices end in .{e:02d}")
    names = {r[3] for r in rows}
    c.that(len(names) >= .95 * len(rows), f"products: only {len(names)} distinct names")
    c.first((r[3] for r in rows if re.search(r"\d", r[3])), "products: name with a digit")
    c.first((r[3] for r in rows if not r[3].startswith(r[4] + " ")), "products: name does not begin with the brand")
    c.that(len({r[7] for r in rows}) == len(rows), "products: sku is not unique")
    c.first((r[0] for r in rows if hashlib.md5((r[0] + r[3]).encode()).hexdigest().upper() != r[7]),
            "products: sku is not MD5 of id and name")
    brands = defaultdict(set)
    sizes = Counter(r[4] for r in rows)
    for r in rows:
        brands[r[4]].add(r[2])
    c.that(2600 <= len(brands) <= 2900, f"products: {len(brands)} brands")
    c.first((b for b, cats in brands.items() if len(cats) > 4), "products: brand in more than four categories")
    top = max(sizes.values()) if sizes else 0
    c.that(.03 * len(rows) < top < .08 * len(rows), f"products: largest brand has {top} products")
    c.first((r[0] for r in rows if r[8] not in centers), "products: unknown distribution centre")
    c.that(len({r[8] for r in rows}) == 10, "products: a distribution centre has no products")
    for dep in ("Men", "Women"):
        pop = sorted((int(r[9]) for r in rows if r[6] == dep and re.fullmatch(r"[1-9]\d*", r[9])), reverse=True)
        n = sum(r[6] == dep for r in rows)
        if c.that(len(pop) == n and n > 0, f"products: {dep}: popularity is not a positive integer"):
            c.first((i for i, p in enumerate(pop) if abs(p - 1e6 * (i + 1) ** -.8) > 1), f"products: {dep}: popularity is not Zipf .8")


def check_places(c, rows):
    c.that(len(rows) >= 19000, f"places: only {len(rows)} rows")
    count = Counter(r[0] for r in rows)
    c.that(len(count) >= 11, f"places: only {len(count)} countries")
    c.first((k for k in count if k not in COUNTRIES), "places: unknown country name")
    for country, (pattern, least, box) in COUNTRIES.items():
        mine = [r for r in rows if r[0] == country]
        c.that(len(mine) >= least, f"places: {country}: only {len(mine)} rows")
        c.first((r for r in mine if not re.fullmatch(pattern, r[3])), f"places: {country}: postal code format")
        bad = []
        for r in mine:
            if not all(re.fullmatch(r"-?\d+(\.\d{1,6})?", v) for v in r[4:6]):
                bad.append(r)
            elif not (box[0] <= float(r[4]) <= box[1] and box[2] <= float(r[5]) <= box[3]):
                bad.append(r)
        c.first(bad, f"places: {country}: coordinates")
        c.first((r for r in mine if re.search(r"\d", r[1])), f"places: {country}: state is a code")
    c.first((r for r in rows if re.search(r"[\d,\"]", r[2])), "places: odd city name")
    c.first((r for r in rows if not re.fullmatch(r"[1-9]\d{0,8}", r[6])), "places: population")
    c.first((k for k, n in Counter(tuple(r[:4]) for r in rows).items() if n > 1), "places: duplicate")
    zips = Counter(r[3] for r in rows if r[0] == "United States")
    c.first((z for z, n in zips.items() if n > 1), "places: ZIP code of two towns")
    c.that(len({r[1] for r in rows if r[0] == "United States"}) >= 50, "places: US states are missing")
    c.that(any(r[3].startswith("0") for r in rows if r[0] == "United States"), "places: leading zeros of ZIP codes are lost")


def check_names(c, rows, countries):
    c.first((r for r in rows if (r[1], r[2]) not in (("first", "F"), ("first", "M"), ("last", "-"))), "names: kind and gender")
    c.first((r for r in rows if not re.fullmatch(r"[a-z]+", r[4])), "names: ascii form")
    c.first((r for r in rows if not re.fullmatch(r"[1-9]\d*", r[5])), "names: weight")
    c.first((r for r in rows if re.search(r"[\d,\"@]", r[3]) or any(ord(ch) > 0x24F for ch in r[3])), "names: not Latin script")
    c.first((k for k, n in Counter(tuple(r[:4]) for r in rows).items() if n > 1), "names: duplicate")
    count = Counter((r[0], r[1], r[2]) for r in rows)
    for country in sorted(countries):
        for kind, g in (("first", "F"), ("first", "M"), ("last", "-")):
            n = count[country, kind, g]
            c.that(n >= 60, f"names: {country}: only {n} {kind} {g}")
    c.first((r[0] for r in rows if r[0] not in countries), "names: country without places")


def check_streets(c, rows, countries):
    c.first((r for r in rows if r[1] not in ("pattern", "name")), "streets: kind")
    c.first((k for k, n in Counter(map(tuple, rows)).items() if n > 1), "streets: duplicate")
    c.first((r for r in rows if r[1] == "name" and "{" in r[2]), "streets: brace in a name")
    for r in rows:
        if r[1] == "pattern":
            left = r[2].replace("{n}", "").replace("{street}", "")
            c.that("{n}" in r[2] and r[2].count("{street}") == 1 and "{" not in left and "}" not in left, f"streets: pattern {r}")
    count = Counter((r[0], r[1]) for r in rows)
    for country in sorted(countries):
        c.that(count[country, "pattern"] >= 1, f"streets: {country}: no pattern")
        c.that(count[country, "name"] >= 40, f"streets: {country}: only {count[country, 'name']} names")
    c.first((r[0] for r in rows if r[0] not in countries), "streets: country without places")


def check(folder, changed=None):
    """All checks, or those that a change of one file can touch."""
    c = Check(folder)
    centers = c.read("distribution_centers.csv")
    c.that([r[0] for r in centers] == [str(i) for i in range(1, 11)], "distribution_centers: ids are not 1..10")
    c.that(len({r[1] for r in centers}) == 10, "distribution_centers: names repeat")
    c.first((r for r in centers if not re.fullmatch(r"\d+\.\d{4}", r[2]) or not re.fullmatch(r"-\d+\.\d{4}", r[3])
             or not (25 < float(r[2]) < 45 and -125 < float(r[3]) < -70)), "distribution_centers: coordinates")
    if changed in (None, "products.csv", "distribution_centers.csv"):
        check_products(c, c.read("products.csv"), {r[0] for r in centers})
    if changed in ("products.csv", "distribution_centers.csv"):
        return c.failures
    places = c.read("places.csv")
    if changed in (None, "places.csv"):
        check_places(c, places)
    countries = {r[0] for r in places}
    check_names(c, c.read("names.csv"), countries)
    check_streets(c, c.read("streets.csv"), countries)
    for name in ["PROVENANCE.md", "LICENSES"]:
        c.that(os.path.exists(os.path.join(folder, name)), f"{name} is missing")
    return c.failures


def lines_of(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read().split("\n")


def self_test(folder):
    """Each damage: file, change of its lines, a text that one of the failures must contain."""
    def swap(pattern, new, nth=0):
        def change(lines):
            hits = [i for i, s in enumerate(lines) if i and re.search(pattern, s)]
            lines[hits[nth]] = re.sub(pattern, new, lines[hits[nth]], count=1)
            return lines
        return change

    def drop(pattern):
        return lambda lines: [s for i, s in enumerate(lines) if i == 0 or not re.search(pattern, s)]

    def double(lines):
        return lines[:5] + [lines[4]] + lines[5:]

    def dearer(lines):
        return [lines[0]] + [re.sub(r"^(\d+,)(\d+)\.", lambda m: f"{m[1]}{int(m[2]) * 5 // 4}.", s) if ",Skirts," in s else s
                             for s in lines[1:]]

    damages = [
        ("products.csv", swap(",Jeans,", ",Pants,"), "rows, expected"),
        ("products.csv", swap(r"^(\d+,)(\d+)\.(\d\d),", r'\1"\2,\3",'), "two decimals"),
        ("products.csv", swap(r"^(\d+,)\d+\.\d\d,", r"\g<1>99999.00,"), "cost < retail_price"),
        ("products.csv", dearer, "cost share"),
        ("products.csv", swap(r",(\d+),(\d+)$", r",11,\2"), "unknown distribution centre"),
        ("products.csv", swap(r",([0-9A-F]{32}),", r",00000000000000000000000000000000,"), "sku is not MD5"),
        ("products.csv", lambda lines: lines[:-2] + [""], "ids are not"),
        ("products.csv", swap(r",(Black|White|Navy)(?= )|(?<= )(Black|White|Navy),", "Two2,"), "name with a digit"),
        ("products.csv", swap(r",\d+$", ",0", 7), "popularity"),
        ("distribution_centers.csv", lambda lines: lines[:-2] + [""], "ids are not 1..10"),
        ("places.csv", double, "places: duplicate"),
        ("places.csv", swap(r"^Brazil,", "Brasil,"), "unknown country name"),
        ("places.csv", swap(r"^(Japan,[^,]*,[^,]*,)(\d{3})-", r"\1\2"), "Japan: postal code format"),
        ("places.csv", swap(r"^(Germany,)[^,]*,", r"\1null,"), "null value"),
        ("places.csv", swap(r",\d+$", ",0"), "population"),
        ("places.csv", drop(r"^(Austria|Belgium|Colombia|Poland),"), "only 10 countries"),
        ("places.csv", lambda lines: [s + "\r" if i == 3 else s for i, s in enumerate(lines)], "carriage return"),
        ("names.csv", drop(r"^France,"), "names: France: only 0"),
        ("names.csv", drop(r"^Spain,first,F,[A-S]"), "names: Spain"),
        ("names.csv", swap(r",mueller,", ",müller,"), "ascii form"),
        ("streets.csv", drop(r"^Poland,name,"), "streets: Poland: only 0 names"),
        ("streets.csv", swap(r"\{street\}", "{road}"), "streets: pattern"),
        ("streets.csv", lambda lines: ["country,type,value"] + lines[1:], "header is not"),
    ]
    missed = 0
    with tempfile.TemporaryDirectory() as tmp:
        work = os.path.join(tmp, "seed")
        shutil.copytree(folder, work)
        if check(work):
            print("self-test: the untouched copy already fails")
            return 1
        for number, (name, change, expected) in enumerate(damages, 1):
            path = os.path.join(work, name)
            before = lines_of(path)
            after = change(list(before))
            if after == before:
                print(f"self-test {number}: {name}: the damage changed nothing")
                missed += 1
                continue
            with open(path, "w", encoding="utf-8", newline="") as f:
                f.write("\n".join(after))
            found = check(work, name)
            with open(path, "w", encoding="utf-8", newline="") as f:
                f.write("\n".join(before))
            if not any(expected in text for text in found):
                print(f"self-test {number}: {name}: not noticed, wanted '{expected}', got {found[:3]}")
                missed += 1
    print(f"self-test: {len(damages) - missed} of {len(damages)} damages noticed")
    return 1 if missed else 0


def main(argv):
    args = [a for a in argv if a != "--self-test"]
    if len(args) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    if "--self-test" in argv:
        return self_test(args[0])
    failures = check(args[0])
    for text in failures:
        print("FAIL", text)
    print("seed: all checks hold" if not failures else f"seed: {len(failures)} checks failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

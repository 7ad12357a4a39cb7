"""Small deterministic helpers shared by the seed builders."""
import csv
import hashlib
import io
import math
import os
import random
import statistics
import unicodedata

NORMAL = statistics.NormalDist()


def digest(*parts):
    """64-bit integer that depends only on the text of the parts."""
    text = "\x1f".join(str(p) for p in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


class Rng:
    """Keyed generator. Only random() of the Mersenne Twister is used: its
    sequence for an integer seed is part of the documented contract."""

    def __init__(self, *key):
        self._r = random.Random(digest("bazaard-seed-1", *key))

    def u(self):
        return self._r.random()

    def below(self, n):
        return min(n - 1, int(self._r.random() * n))

    def pick(self, seq):
        return seq[self.below(len(seq))]

    def weighted(self, items, weights):
        x = self._r.random() * math.fsum(weights)
        for item, w in zip(items, weights):
            x -= w
            if x < 0:
                return item
        return items[-1]

    def shuffled(self, seq):
        out = list(seq)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out

    def normal(self):
        return NORMAL.inv_cdf(min(max(self._r.random(), 1e-12), 1 - 1e-12))


def keyed_order(items, *key):
    return sorted(items, key=lambda x: (digest(*key, x), x))


def write_csv(folder, name, header, rows):
    buf = io.StringIO()
    out = csv.writer(buf, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    out.writerow(header)
    out.writerows(rows)
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as f:
        f.write(buf.getvalue())


SPECIAL = {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae",
           "œ": "oe", "Œ": "Oe", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i"}
GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def plain(text, german=False):
    """Latin text without diacritics."""
    text = unicodedata.normalize("NFC", text)
    if german:
        text = "".join(GERMAN.get(c, c) for c in text)
    text = "".join(SPECIAL.get(c, c) for c in text)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def mail_form(text, german=False):
    return "".join(c for c in plain(text, german).lower() if "a" <= c <= "z")


def distance_km(a, b):
    la, lo, lb, ob = (math.radians(v) for v in (a[0], a[1], b[0], b[1]))
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin((ob - lo) / 2) ** 2
    return 12742.0 * math.asin(min(1.0, math.sqrt(h)))

"""Ids of a run's rows: include/bazaar/base/id.hpp once more, to make ids that no plan has."""

MASK = (1 << 64) - 1
NO_UNIT = (1 << 40) - 1


def mix(x):
    x ^= x >> 30
    x = x * 0xBF58476D1CE4E5B9 & MASK
    x ^= x >> 27
    x = x * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def run_tag(run):
    return mix(fnv(run)) >> 46


class Codec:
    def __init__(self, run, seed):
        self.tag = run_tag(run)
        state = mix(mix(seed ^ fnv("id check")) + self.tag * 0xD1342543DE82EF95 & MASK)
        self.key = mix(state + 0x9E3779B97F4A7C15 & MASK)

    def encode(self, table, row, unit, tag=None, spoil=0):
        """The id of a row; `spoil` is xored into its check."""
        high = (self.tag if tag is None else tag) << 44 | table << 40 | row
        check = mix(mix(self.key ^ high) + unit & MASK) >> 44 ^ spoil
        low = unit << 20 | check
        first = high >> 14 << 16 | 0x8000 | high >> 2 & 0xFFF
        second = 2 << 62 | (high & 3) << 60 | low
        text = f"{first << 64 | second:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    @staticmethod
    def parts(text):
        """Tag, table, row and unit that an id tells of."""
        value = int(text.replace("-", ""), 16)
        first, second = value >> 64, value & MASK
        high = first >> 16 << 14 | (first & 0xFFF) << 2 | second >> 60 & 3
        return high >> 44, high >> 40 & 15, high & (1 << 40) - 1, second >> 20 & NO_UNIT

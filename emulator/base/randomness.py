"""Reproducible randomness: every value that looks random is derived from the seed and the names of what it is
for.

The same seed and names give the same digits on every machine and in every process. A random generator would
not: its values depend on the order of the calls.
"""
import hashlib

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def derive(seed: str, *names: object) -> int:
    """The 256-bit number that the seed and the names determine."""
    text = "\x1f".join((seed, *map(str, names)))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest(), "big")


def digits(count: int, seed: str, *names: object) -> str:
    """`count` decimal digits, at most 70."""
    return str(derive(seed, *names) % 10**count).zfill(count)


def hexadecimal(count: int, seed: str, *names: object) -> str:
    """`count` lower-case hexadecimal digits, at most 64."""
    return f"{derive(seed, *names):064x}"[:count]


def letters(count: int, seed: str, *names: object) -> str:
    """`count` letters and digits, at most 40; without I, O and l, which look like 1 and 0."""
    number, text = derive(seed, *names), ""
    for _ in range(count):
        number, place = divmod(number, len(_LETTERS))
        text += _LETTERS[place]
    return text

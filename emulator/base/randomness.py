"""Chance as an argument: everything that looks random is derived from the seed and what it is for.

The same seed and the same names give the same digits on every machine and in every process; nothing is drawn from a generator
whose state would depend on who asked first.
"""
import hashlib

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def derive(seed: str, *names: object) -> int:
    """A 256-bit number that belongs to these names under this seed."""
    text = "\x1f".join((seed, *map(str, names)))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest(), "big")


def digits(count: int, seed: str, *names: object) -> str:
    """`count` decimal digits, at most 70."""
    return str(derive(seed, *names) % 10**count).zfill(count)


def hexadecimal(count: int, seed: str, *names: object) -> str:
    """`count` lower-case hexadecimal digits, at most 64."""
    return f"{derive(seed, *names):064x}"[:count]


def letters(count: int, seed: str, *names: object) -> str:
    """`count` letters and digits without the pairs that people mix up, at most 40."""
    number, text = derive(seed, *names), ""
    for _ in range(count):
        number, place = divmod(number, len(_LETTERS))
        text += _LETTERS[place]
    return text

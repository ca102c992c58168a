"""Which characters a parameter may have, and texts that XML 1.0 can carry.

No parameter may have a character that XML cannot carry, because it would stand in the answer.
"""
import re

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Parameters that identify something, at every endpoint. They stand in addresses, file names and on pages, and
# people compare them by eye.
IDENTIFIERS = frozenset(("merchants_id", "out_trade_no", "out_refund_id", "terminal_sn"))


def unwritable(name: str, value: str, identifier: bool = False) -> str | None:
    """The problem of a parameter with a forbidden character, or None.

    Forbidden is what XML cannot carry; in an identifier also any other invisible character, such as a line
    break.
    """
    problem = unprintable(name, value)
    if problem or value.isprintable() or not (identifier or name in IDENTIFIERS):
        return problem
    unseen = next(character for character in value if not character.isprintable())
    return f"{name} has the character U+{ord(unseen):04X}"


def unprintable(name: str, value: str) -> str | None:
    """The problem of a parameter with bytes that are not UTF-8 or a character that XML 1.0 cannot carry, or
    None.
    """
    text = name + value
    found = None if text.isprintable() else NOT_IN_XML.search(text)
    if not found:
        return None
    if "\udc80" <= found[0] <= "\udcff":
        return f"{printable(name)} has bytes that are not UTF-8"
    return f"{printable(name)} has the character U+{ord(found[0]):04X}"


def printable(text: str) -> str:
    """The text with each character that XML 1.0 cannot carry replaced by U+FFFD."""
    return text if text.isprintable() else NOT_IN_XML.sub("\ufffd", text)

"""Whether groups of digits in a text are one card number, judged by how they stand in the text.

Groups belong together when their separators are all the same, or when each group has one digit, or at least
four. So amounts, dates and IP addresses are no card numbers, nor are two numbers in the path of a URL. A part
of a longer list (quantities, ids) is a card number only in the groups that are printed on cards. Digits of a
longer number (a trade number has 28 digits), a digest, a UUID, an IBAN or a telephone number with its `+` are
no card number.
"""
import re

# How digits are grouped on cards.
PRINTED = ((4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 4), (4, 6, 5), (6, 13))
_WHITE = re.compile(r"\s+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7", "-"))
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LENGTHS_OF_DIGESTS = (32, 40, 64)
_TOKEN_BEFORE, _TOKEN_AFTER = re.compile("[0-9A-Za-z-]{0,64}$"), re.compile("[0-9A-Za-z-]{0,64}")
_TELEPHONE = re.compile(r"(?<![0-9])\+$")
_LONGEST_TELEPHONE_NUMBER = 15
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?:[ -]?[0-9A-Z]{4}){2,7}(?:[ -]?[0-9A-Z]{1,3})?"
                   "(?![0-9A-Za-z])")
_LONGEST_IBAN = 42  # with its blanks


def is_digest(token: str) -> bool:
    """Whether a word is a UUID, or a digest: hexadecimal digits, some of which are letters."""
    if len(token) not in _LENGTHS_OF_DIGESTS:
        return len(token) == 36 and _UUID.fullmatch(token) is not None
    try:
        return token.isalnum() and not token.isdecimal() and len(bytes.fromhex(token)) * 2 == len(token)
    except ValueError:
        return False


def belong_together(text: str, groups: list[re.Match[str]]) -> bool:
    """Whether groups of digits are one number, not several numbers that follow each other."""
    sizes = {group.end() - group.start() for group in groups[:-1]}
    if len(groups) == 2 and text[groups[0].end():groups[1].start()] == "/":
        return False  # ids in the path of a URL
    if not sizes or min(sizes) >= 4 or (sizes == {1} and len(groups[-1][0]) == 1):
        return True
    return len(_separators(text, groups)) == 1


def _separators(text: str, groups: list[re.Match[str]]) -> set[str]:
    """The texts between groups of digits. All dashes count as the same, and all white space."""
    separators = {text[one.end():other.start()] for one, other in zip(groups, groups[1:])}
    return {_WHITE.sub(" ", each).translate(_DASHES) for each in separators}


def is_part_of_a_list(text: str, run: list[re.Match[str]], first: int, last: int) -> bool:
    """Whether groups of digits are a part of a longer list with the same separators, not grouped as on a
    card.
    """
    groups = run[first:last + 1]
    if tuple(group.end() - group.start() for group in groups) in PRINTED:
        return False
    around = _separators(text, run[max(0, first - 1):first + 1]) | _separators(text, run[last:last + 2])
    return bool(around & _separators(text, groups))


def is_something_else(text: str, groups: list[re.Match[str]], number: str) -> bool:
    """Whether a number is a telephone number, or a part of an IBAN, a digest or a UUID."""
    start, end = groups[0].start(), groups[-1].end()
    if _TELEPHONE.search(text, max(0, start - 2), start) and len(number) <= _LONGEST_TELEPHONE_NUMBER:
        return True
    if _is_in_iban(text, start, end):
        return True
    before, after = _TOKEN_BEFORE.search(text, max(0, start - 64), start), _TOKEN_AFTER.match(text, end)
    return is_digest(f"{before[0] if before else ''}{text[start:end]}{after[0] if after else ''}")


def _is_in_iban(text: str, start: int, end: int) -> bool:
    """Whether digits are a part of an IBAN with the correct check digits."""
    for match in _IBAN.finditer(text, max(0, start - _LONGEST_IBAN), end + _LONGEST_IBAN):
        if match.start() < start and end <= match.end():
            written = re.sub("[ -]", "", match[0])
            return int("".join(str(int(letter, 36)) for letter in written[4:] + written[:4])) % 97 == 1
    return False

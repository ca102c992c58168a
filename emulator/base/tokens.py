"""Named tokens of the control interface, each with a role: how they are written, and the rules for them.

A token is written `NAME:ROLE:TOKEN`. Several are separated by blanks or commas, or come from a TOML file.
No message here repeats a token.
"""
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

ADMIN, TEAM = "admin", "team"
ROLES = (ADMIN, TEAM)
SHORTEST, LONGEST, LONGEST_NAME = 8, 256, 32
TABLE, SUFFIX = "control_tokens", ".toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)  # what may follow `Bearer` (RFC 6750, section 2.1)


class ControlToken(Struct, frozen=True):
    """A token of the control interface with the name and the role of its holder.

    The name is empty for the token of the setting `control_token`.
    """

    name: str
    role: str
    token: str

    def __repr__(self) -> str:
        return f"ControlToken(name={self.name!r}, role={self.role!r})"  # the token is a secret


def parse(written: str) -> tuple[ControlToken, ...]:
    """The tokens of a text, or of the TOML file that it names.

    Raises ValueError with a sentence that names the holder or the place, and never the token.
    """
    text = written.strip()
    rows = _in_file(text) if text.lower().endswith(SUFFIX) and ":" not in text else _in_text(text)
    found: list[ControlToken] = []
    for place, row in rows:
        _check(place, row)
        if any(other.name == row.name for other in found):
            raise ValueError(f"the name {row.name} is given twice")
        if any(other.token == row.token for other in found):
            raise ValueError(f"{row.name} has the same token as another name")
        found.append(row)
    return tuple(found)


def _in_text(text: str) -> Iterator[tuple[str, ControlToken]]:
    """The written tokens, each with the words that stand for it in messages."""
    for number, written in enumerate(re.split(r"[\s,]+", text), 1) if text else ():
        parts = written.split(":", 2)
        if len(parts) != 3:
            raise ValueError(f"token {number} is not written NAME:ROLE:TOKEN")
        yield f"token {number}", ControlToken(*parts)


def _in_file(path: str) -> Iterator[tuple[str, ControlToken]]:
    """The tokens of the table `[control_tokens]` of a file, each with the words for messages."""
    table = _table(path)
    for number, (name, row) in enumerate(table.items(), 1):
        if not isinstance(row, dict) or set(row) != {"role", "token"} or not all(
                isinstance(value, str) for value in row.values()):
            raise ValueError(f'entry {number} of [{TABLE}] must be like {{role = "team", token = "…"}}')
        yield f"entry {number} of [{TABLE}]", ControlToken(name, row["role"], row["token"])


def _table(path: str) -> dict[str, Any]:
    import tomllib  # imported late, because few servers need it

    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except tomllib.TOMLDecodeError:  # its message may repeat a part of the file
        raise ValueError(f"{path} is not TOML") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"{path} cannot be read: {reason}") from None
    table = document.get(TABLE)
    if not isinstance(table, dict) or not table:
        raise ValueError(f"{path} has no table [{TABLE}] with tokens in it")
    return table


def _check(place: str, row: ControlToken) -> None:
    """Raise ValueError unless name, role and token may be used."""
    if not _NAME.fullmatch(row.name) or len(row.name) > LONGEST_NAME:
        raise ValueError(f"the name of {place} must be 1 to {LONGEST_NAME} letters, digits and . _ -")
    if row.role not in ROLES:
        raise ValueError(f"the role of {row.name} must be {' or '.join(ROLES)}")
    if not SHORTEST <= len(row.token) <= LONGEST:
        raise ValueError(f"the token of {row.name} must have {SHORTEST} to {LONGEST} characters")
    if not _TOKEN.fullmatch(row.token):
        raise ValueError(f"the token of {row.name} may have letters, digits and . _ ~ + / - only, "
                         "and = at its end")

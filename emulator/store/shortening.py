"""Limits how much received data is stored: a long text is cut, and a note says how much is missing."""
from collections.abc import Mapping
from typing import Any

LONGEST_TEXT = 4_096  # characters in one value
LONGEST_ANSWER = 16_384
MOST_CHARACTERS = 65_536  # characters in all parameters of a request together
MOST_PARAMS = 200


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text if it is short enough, else its beginning and the number of characters that follow."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest:,} characters more)"


def shortened_inside(value: Any) -> Any:
    """A JSON structure with all its texts shortened."""
    if isinstance(value, Mapping):
        return {name: shortened_inside(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [shortened_inside(inner) for inner in value]
    return shortened(value) if isinstance(value, str) else value


def kept_params(params: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters as they are stored: names and values shortened, and only the first ones of very many."""
    if len(params) <= MOST_PARAMS and sum(map(len, params)) + sum(map(len, params.values())) <= LONGEST_TEXT:
        return params
    kept: dict[str, str] = {}
    left = MOST_CHARACTERS
    for name, value in params.items():
        name, value = shortened(name), shortened(value)
        left -= len(name) + len(value)
        if len(kept) >= MOST_PARAMS or left < 0:
            kept["…"] = f"({len(params) - len(kept):,} parameters more)"
            break
        kept[name] = value
    return kept

"""What stands in the way of an operation.

Each face of the emulator translates these errors in one place: the control interface into a problem document,
a page into a sentence, the command line into a line. A refusal of the gateway is `protocol.codes.Refused`.
"""
from collections.abc import Mapping
from typing import Any


class OperationError(Exception):
    """The base of them; `str` is a sentence for the person who asked."""


class NotFound(OperationError):
    """There is no such order, merchant, terminal or the like."""


class Conflict(OperationError):
    """The present state does not allow it; `more` says what it does allow, by name."""

    def __init__(self, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.more = more


class Invalid(OperationError):
    """Values that cannot be used: `problems` says for each name what is wrong with it; `sentence` says the
    same as a whole.
    """

    def __init__(self, problems: Mapping[str, str], sentence: str = "") -> None:
        super().__init__(sentence or "; ".join(f"{name} {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


class Exhausted(OperationError):
    """There is no room or no number left."""


class Failed(OperationError):
    """It was begun, and could not be finished."""

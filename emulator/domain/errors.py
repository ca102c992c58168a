"""The errors that operations raise.

Each face of the emulator translates these errors in one place: the control interface into a problem document,
a page into a sentence, the command line into a line. A refusal of the gateway is `protocol.codes.Refused`.
"""
from collections.abc import Mapping
from typing import Any


class OperationError(Exception):
    """The base class of these errors; `str` is a sentence for the user."""


class NotFound(OperationError):
    """The order, merchant, terminal or other object does not exist."""


class Conflict(OperationError):
    """The present state does not allow the operation; `more` has what it does allow, by name."""

    def __init__(self, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.more = more


class Invalid(OperationError):
    """Values that cannot be used.

    `problems` has for each name what is wrong with its value; `sentence` says the same in one sentence.
    """

    def __init__(self, problems: Mapping[str, str], sentence: str = "") -> None:
        super().__init__(sentence or "; ".join(f"{name} {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


class Exhausted(OperationError):
    """No room or no number is left."""


class Failed(OperationError):
    """The operation was begun and could not be finished."""


class Forbidden(Exception):
    """It concerns everybody, and who asks for it may change only what a team owns; `str` is a sentence.

    It is no OperationError: no face may pass over it as a mere failure of what was tried.
    """

    def __init__(self) -> None:
        super().__init__("this concerns the merchants of all teams and needs an admin's control token")


class NeedsTransaction(Exception):
    """Reading is not enough: time changes the order first, or a scenario counts the request."""

"""What the classes for tests raise. All of it is an `EmulatorError`."""
from collections.abc import Mapping
from typing import Any


class EmulatorError(Exception):
    """An error of the emulator, or of the connection to it."""


class ServerError(EmulatorError):
    """A server did not start, or none answers at an address; the message has what it printed."""


class NoAnswer(EmulatorError, ConnectionError):
    """A request was not answered: the connection could not be made, or it broke."""


class UnusableAnswer(EmulatorError):
    """An answer that is not one of the interface: a page of a web server, an empty body, broken XML.

    `status` is its HTTP status, and `text` its body.
    """

    def __init__(self, message: str, status: int, text: str) -> None:
        super().__init__(message)
        self.status = status
        self.text = text


class ControlError(EmulatorError):
    """The control interface refused a call.

    `detail` is the sentence of its problem document, `document` the whole document with its further members.
    """

    def __init__(self, call: str, document: Mapping[str, Any]) -> None:
        self.status = int(document.get("status", 0))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        self.document = dict(document)
        super().__init__(f"{call}: {self.status} {self.title}: {self.detail}")


class WaitTimeout(EmulatorError, AssertionError):
    """What a test waited for did not happen in time; the message says what happened instead."""


class NotVerified(EmulatorError, AssertionError):
    """A merchant's traffic was not as a test expects it; the message has the sentences and the nearest facts.

    `document` is the whole answer: `checks` has each with `check`, `wanted`, `found`, `ok` and `nearest`.
    """

    def __init__(self, message: str, document: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.document = dict(document)


class Refused(EmulatorError):
    """The gateway refused a request, and nothing was processed.

    `code` is the stable code (`error`; of a terminal the number, such as 1002), `sentence` says what is
    wrong, `fields` are all fields of the answer. `explanation` is what the journal knows beyond that, for
    instance which mistake gives a wrong signature; empty when it knows no more.
    """

    def __init__(self, endpoint: str, fields: Mapping[str, str], entry: Mapping[str, Any]) -> None:
        self.endpoint = endpoint
        self.fields = dict(fields)
        self.code = fields.get("result_msg_code") or fields.get("error", "")
        self.sentence = fields.get("detail_error_des") or fields.get("result_msg", "")
        self.explanation: dict[str, Any] = dict(entry.get("explanation") or {})
        self.findings: list[dict[str, Any]] = list(entry.get("findings") or ())
        hint = self.explanation.get("why") or self.explanation.get("code") or ""
        said = f"{endpoint} was refused: {self.code}: {self.sentence}"
        super().__init__(f"{said}\n{hint}" if hint else said)


class WrongSignature(EmulatorError):
    """An answer of the gateway is not signed with the merchant's token over its own fields."""

    def __init__(self, endpoint: str, fields: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self.fields = dict(fields)
        given = fields.get("sign")
        super().__init__(f"the answer of {endpoint} " + (
            f"has the wrong signature {given}" if given else "has no signature"))

"""HTTP with the control interface: calls, their problems, lists that come in pages."""
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ..base.http_client import Answer, failure_of, fetch, not_json
from .errors import ControlError, NoAnswer, UnusableAnswer

__tracebackhide__ = True  # pytest shows the line of the test
JSON = dict[str, Any]
PATIENCE_S = 120.0
LONGEST_S = 3600.0  # a call that moves the clock by years
MOST_ROWS = 1_000


class Calls:
    """Calls of the control interface at `url`, which is the emulator's address without a path.

    `token` is the control token, empty where none is needed.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self.token = token

    def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None,
             patience: float = PATIENCE_S, **query: object) -> Any:
        """Make a call below `/_emulator` and return the JSON of its answer, None when it has no body.

        Query parameters that are None are left out. Raises ControlError when the call is refused, NoAnswer
        when nobody answers in `patience` seconds, and UnusableAnswer when that is no emulator.
        """
        answer = self.exchange(method, path, body, headers=headers, patience=patience, **query)
        try:
            document = json.loads(answer.text) if answer.text.strip() else None
        except ValueError:
            what = f"{self.url} is not an emulator: {not_json(answer.status, answer.text)}"
            raise UnusableAnswer(what, answer.status, answer.text) from None
        if answer.status >= 300:
            problem = document if isinstance(document, dict) else {"detail": answer.text}
            raise ControlError(f"{method} {path}", {"status": answer.status, **problem})
        return document

    def exchange(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None,
                 patience: float = PATIENCE_S, **query: object) -> Answer:
        """Make a call and return its answer, whatever its status; bytes are sent as they are.

        Raises NoAnswer.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            return fetch(self.address(path, **query), method, data, {**self.headers, **(headers or {})},
                         patience)
        except OSError as problem:
            raise NoAnswer(f"no emulator answers at {self.url}: {failure_of(problem)}") from problem

    def pages(self, path: str, limit: int | None = None, **query: object) -> list[JSON]:
        """The items of a list, all of them or the first `limit`, however many pages they are on."""
        found: list[JSON] = []
        after: object = None
        while limit is None or len(found) < limit:
            rows = MOST_ROWS if limit is None else min(MOST_ROWS, limit - len(found))
            asked = {"after": after, "limit": rows, **query}
            page = self.call("GET", path, None, headers=None, patience=PATIENCE_S, **asked)
            found += page["items"]
            after = page["next"]
            if after is None:
                break
        return found

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each call."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **own}

    def address(self, path: str, **query: object) -> str:
        """The URL of a call; query parameters that are None are left out, lists are several of one name."""
        given = urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)
        return f"{self.url}/_emulator{path}" + (f"?{given}" if given else "")


def escaped(part: str) -> str:
    """A part of a path, such as an order number, with everything escaped that has a meaning in a URL."""
    return quote(part, safe="")


def as_text(value: object) -> str:
    """A parameter of a request as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def as_query(value: object) -> object:
    """The value of a check as a query has it: a switch as a word, each item of a list on its own."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return [f"{name}:{each}" for name, each in value.items()]
    return value


def events_in(stream: Any) -> Iterator[tuple[str, JSON]]:
    """The events of a stream of server-sent events; comments are passed over."""
    with stream:
        kind = ""
        for line in stream:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)

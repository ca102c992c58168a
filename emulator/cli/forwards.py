"""What `listen` does for one merchant: takes notifications from the emulator, and forwards them."""
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click

from ..base import durations
from ..base.http_client import Answer
from .remote import Control, one_line

WAIT_S, PATIENCE_S = 20, 35
BACKOFF_S, LONGEST_BACKOFF_S = 0.1, 2.0
MOST_AT_ONCE = 64
LATE_S = 60  # how long after its end an attempt may still be waited for, as after a start of the server
REFUSED = (400, 401, 403, 404, 409, 415, 421, 422)
TAKEN_OVER = 409
Item = dict[str, Any]
Report = dict[str, Any]


class Told:
    """Says once that the connection to the emulator is lost, and once that it is back."""

    def __init__(self, url: str, say: Callable[[str, bool], None]) -> None:
        self._url = url
        self._say = say
        self._lock = threading.Lock()
        self._is_lost = False

    def lost(self, why: str) -> None:
        """Note that a call has failed."""
        with self._lock:
            if not self._is_lost:
                self._is_lost = True
                sentence = f"The connection to {self._url} is lost ({why}). Reconnecting."
                self._say(one_line(sentence), False)

    def back(self) -> None:
        """Note that a call has succeeded."""
        with self._lock:
            if self._is_lost:
                self._is_lost = False
                self._say(f"Reconnected to {self._url}.", True)


class Listener:
    """Listens to the notifications of a merchant, in threads of its own, until `stop` is set.

    `forward` sends one notification to the local application and returns the report for the emulator. `told`
    is called with news of the connection, `say` with everything else.
    """

    def __init__(self, control: Control, merchants_id: str, forward: Callable[[Item], Report],
                 told: Told, say: Callable[[str, bool], None], stop: threading.Event) -> None:
        self.merchants_id = merchants_id
        self.ended = threading.Event()
        self._control = control
        self._path = f"/merchants/{quote(merchants_id, safe='')}/listen"
        self._forward = forward
        self._told = told
        self._say = say
        self._stop = stop
        self._name = secrets.token_hex(8)
        self._held: set[str] = set()
        self._changed = threading.Condition()

    def begin(self) -> None:
        """Take over from others. Ends the command if the emulator does not answer, or refuses."""
        self._control("POST", self._path, {"listener": self._name, "takes_over": True, "timeout": "0s"})
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """The body of the thread that asks for notifications."""
        while not (self._stop.is_set() or self.ended.is_set()):
            with self._changed:
                self._changed.wait_for(lambda: len(self._held) < MOST_AT_ONCE)
                asked = {"listener": self._name, "held": sorted(self._held), "timeout": f"{WAIT_S}s"}
            answer = self._asked_until_answered(self._path, asked, None)
            if answer is None:
                return
            if answer.status == 200:
                for item in json.loads(answer.body)["items"]:
                    self._take(item)
            elif not self._stop.is_set():
                self._end(answer)

    def _end(self, answer: Answer) -> None:
        """Say why the emulator gives nothing more, and end."""
        detail = detail_of(answer)
        more = "; this one ends" if answer.status == TAKEN_OVER else ""
        self._say(f"{detail[:1].upper()}{detail[1:]}{more}.", False)
        self.ended.set()

    def _take(self, item: Item) -> None:
        with self._changed:
            self._held.add(item["id"])
        threading.Thread(target=self._handle, args=(item,), daemon=True).start()

    def _handle(self, item: Item) -> None:
        """Forward a notification, and report what came of it."""
        end = time.monotonic() + item["timeout_ms"] / durations.SECOND + LATE_S
        report = self._forward(item)
        answer = self._asked_until_answered(f"{self._path}/{item['id']}", report, end)
        if answer is not None and answer.status != 200 and not self._stop.is_set():
            sentence = f"The emulator did not accept the response for {item['out_trade_no']}"
            self._say(f"{sentence}: {detail_of(answer)}.", False)
        with self._changed:
            self._held.discard(item["id"])
            self._changed.notify_all()

    def _asked_until_answered(self, path: str, body: Any, end: float | None) -> Answer | None:
        """Post until the emulator answers with what is final.

        None if it has not when the command is stopped, or at an instant `end`.
        """
        pause = BACKOFF_S
        while True:
            try:
                answer = self._control.ask("POST", path, body, PATIENCE_S)
            except (OSError, ValueError) as problem:
                self._told.lost(str(getattr(problem, "reason", problem)))
            else:
                if answer.status == 200 or answer.status in REFUSED:
                    self._told.back()
                    return answer
                self._told.lost(f"it responds with {answer.status}")
            if self._stop.wait(pause) or (end is not None and time.monotonic() > end):
                return None
            pause = min(pause * 2, LONGEST_BACKOFF_S)

    def leave(self, seconds: float) -> None:
        """Tell the emulator that nobody listens any more, after what is in hand has been reported."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held, seconds)
        try:
            self._control.ask("POST", self._path, {"listener": self._name, "leaves": True}, seconds)
        except (OSError, ValueError):
            click.echo(f"The emulator was not informed that listening to {self.merchants_id} ended.",
                       err=True)


def detail_of(answer: Answer) -> str:
    """The sentence of a problem, or its status."""
    try:
        return one_line(str(json.loads(answer.body)["detail"])).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return f"the emulator answers {answer.status}"

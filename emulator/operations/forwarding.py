"""Attempts of merchants that listen: each waits in the database until a listener has made it.

The listener, `tgpay-emulator listen`, asks for attempts over the control interface, in any process of any
node. So whoever makes an attempt and whoever serves the listener meet in the database only.
"""
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from ..base import durations, urls
from ..base.clock import real_now
from ..base.settings import Settings
from ..domain import receivers
from ..domain.errors import Conflict, Invalid
from ..store import Store
from ..store.changes import Changed
from ..store.columns import to_json
from ..store.forwards import Forward, State
from ..store.notifications import StoredNotification
from .outbox import DeliveryResult, discreet
from .unit import merchant_of
from .watching import Waiting, Watcher

LOOK_S = 1.0  # how often waiters look without a change, for what only time changes
ANSWER_S = 1.0  # what the result may need from the listener to the database
RETURN = 5 * durations.SECOND  # in which a listener that was lost is expected to be back
MOST_AT_ONCE = 16
LONGEST_ANSWER, LONGEST_SENTENCE = 64 * 1024, 2_000
TAKEN_OVER = "another listener has taken over the notifications of merchant {}"
TOO_LATE = "this response is too late: the attempt has ended"
GONE = "the merchant was reset in the meantime"


def _always(changed: Changed) -> bool:
    """True: listeners and attempts are in none of the logs, so every change may concern them."""
    return True


class Forwarder:
    """Makes attempts of notifications through listeners."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._timeout_s = settings.notify_timeout / durations.SECOND
        self._watcher = Watcher(store, threading.Event())
        self._server = secrets.token_hex(8)
        self._begun = real_now()
        self.closing = threading.Event()  # set when the server ends

    def __call__(self, notification: StoredNotification, seconds: float | None = None) -> DeliveryResult:
        """Make one attempt, of at most `seconds`, and never longer than the setting `notify_timeout`.

        It fails at once if nobody listens. A listener that was lost a moment ago is waited for.
        """
        begun = time.monotonic()
        allowed_s = self._timeout_s if seconds is None else min(seconds, self._timeout_s)
        if not self._is_expected(notification.merchants_id):
            return _nobody(notification, begun)
        forward_id = self._offered(notification, allowed_s)
        state = self._awaited(forward_id, notification.merchants_id, begun + allowed_s)
        if state is None:
            return DeliveryResult(_since(begun), error=GONE)
        result = state.result or self._withdrawn(forward_id, notification.merchants_id)
        if not result and not state.listener:
            return _nobody(notification, begun)
        made = msgspec.json.decode(result, type=DeliveryResult) if result else DeliveryResult(
            _since(begun), timed_out=True)
        if made.timed_out:
            failure = receivers.too_slow(allowed_s, cut_short=allowed_s < self._timeout_s)
            made = replace(made, error=failure.sentence, advice=failure.advice)
        return replace(made, took_ms=min(made.took_ms, _since(begun)), forward=forward_id)

    def _is_expected(self, merchants_id: str) -> bool:
        """Whether somebody listens to a merchant, or is about to be back, as after a start of the server."""
        last = self._store.read().forwards.listener(merchants_id)
        if last is None or not last.listener:
            return False
        return real_now() < max(last.until, self._begun + RETURN)

    def _offered(self, notification: StoredNotification, allowed_s: float) -> str:
        """Offer an attempt; return its id."""
        now = real_now()
        with self._store.write(notification.merchants_id) as tables:
            return tables.forwards.offer(secrets.token_hex(12), notification, f"{self._server}-{os.getpid()}",
                                         now + round(allowed_s * durations.SECOND), now)

    def _awaited(self, forward_id: str, merchants_id: str, end: float) -> State | None:
        """Wait for the result until an instant of the monotonic clock; return how far the attempt has got.

        None if it is not there any more. When the server ends, listeners cannot report to it any more: then
        it waits for the end, so that the attempt goes on in another process, or after the next start.
        """
        with self._watcher.waiter(_always) as waiter:
            while True:
                state = self._store.read().forwards.state(forward_id)
                if state is None or state.result:
                    return state
                left = end - time.monotonic() + (ANSWER_S if state.listener else 0)
                is_over = left <= 0 or not (state.listener or self._is_expected(merchants_id))
                if is_over and not self.closing.is_set():
                    return state
                self._store.leave()
                waiter.wait(max(0.0, min(left, LOOK_S)) or LOOK_S)

    def _withdrawn(self, forward_id: str, merchants_id: str) -> str:
        """End an attempt; return the result, if one came in the last moment."""
        with self._store.write(merchants_id) as tables:
            return tables.forwards.withdraw(forward_id)


def _nobody(notification: StoredNotification, begun: float) -> DeliveryResult:
    """The result of an attempt without a listener."""
    failure = receivers.nobody_listens(notification.merchants_id)
    return DeliveryResult(_since(begun), error=failure.sentence, advice=failure.advice)


def _since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1_000)


class Asking(Struct, frozen=True):
    """What a listener asks for: who it is, the attempts that it has in hand, and how long it waits at most.

    A new one `takes_over`; any other one is refused when a newer one has taken over.
    """

    listener: str
    takes_over: bool
    held: Collection[str]
    milliseconds: int


def attempts_for(store: Store, waiting: Waiting, merchants_id: str, asking: Asking,
                 has_left: Callable[[], bool]) -> list[Forward]:
    """Wait for attempts of a merchant, and give them to a listener; an empty list if there were none.

    Raises NotFound, and Conflict if another listener has taken over.
    """
    merchant_of(store.read(), merchants_id)
    end = time.monotonic() + asking.milliseconds / durations.SECOND
    with waiting.watcher.waiter(_always, has_left) as waiter:
        _expect(store, merchants_id, asking, asking.milliseconds + RETURN, asking.takes_over)
        while True:
            _check_still(store, merchants_id, asking)
            if taken := _taken(store, merchants_id, asking):
                return taken
            left = end - time.monotonic()
            if left <= 0 or waiter.is_over:
                break
            with waiting.pause():
                waiter.wait(min(left, LOOK_S))
    if has_left():
        _expect(store, merchants_id, asking, RETURN, False)
    return []


def _expect(store: Store, merchants_id: str, asking: Asking, milliseconds: int, takes_over: bool) -> None:
    """Note that a listener will ask again within a time, unless another one has taken over."""
    with store.write(merchants_id) as tables:
        present = tables.forwards.listener(merchants_id)
        if takes_over or present is None or present.listener == asking.listener:
            tables.forwards.expect(merchants_id, asking.listener, real_now() + milliseconds)


def _check_still(store: Store, merchants_id: str, asking: Asking) -> None:
    """Check that no other listener has taken over; after a reset of everything, note the present one again.

    Raises NotFound and Conflict.
    """
    present = store.read().forwards.listener(merchants_id)
    if present is None:
        merchant_of(store.read(), merchants_id)
        _expect(store, merchants_id, asking, asking.milliseconds + RETURN, False)
    elif present.listener != asking.listener:
        raise Conflict(TAKEN_OVER.format(merchants_id))


def _taken(store: Store, merchants_id: str, asking: Asking) -> list[Forward]:
    """The attempts that are offered, which the listener has from now on."""
    asked = merchants_id, asking.listener, asking.held, real_now()
    if not store.read().forwards.are_offered(*asked):
        return []
    with store.write(merchants_id) as tables:
        present = tables.forwards.listener(merchants_id)
        if present is None or present.listener != asking.listener:
            return []
        tables.forwards.expect(merchants_id, asking.listener, real_now() + RETURN)
        return tables.forwards.take(*asked, MOST_AT_ONCE)


def leave(store: Store, merchants_id: str, listener: str) -> None:
    """Note that a listener has ended: attempts fail at once from now on. Raises NotFound."""
    merchant_of(store.read(), merchants_id)
    with store.write(merchants_id) as tables:
        tables.forwards.leave(merchants_id, listener)


class Answer(Struct, frozen=True):
    """What a listener reports of an attempt: an answer with its status, or an error."""

    status: Annotated[int, Meta(ge=100, le=999)] | None = None
    body: str = ""
    location: str = ""
    error: str = ""
    advice: str = ""
    took_ms: Annotated[int, Meta(ge=0, le=durations.LONGEST)] = 0
    timed_out: bool = False
    with_user: bool = False


def answer(store: Store, merchants_id: str, forward_id: str, given: Any) -> None:
    """Store what a listener reports of an attempt, which ends by that.

    Raises NotFound, Invalid, and Conflict if the attempt has ended already.
    """
    merchant_of(store.read(), merchants_id)
    result = _result(given)
    forward = store.read().forwards.taken(merchants_id, forward_id)
    if forward is None:
        raise Conflict(TOO_LATE)
    written = to_json(asdict(discreet(forward.notification, result)))
    with store.write(merchants_id) as tables:
        if not tables.forwards.answer(forward_id, written):
            raise Conflict(TOO_LATE)


def _result(given: Any) -> DeliveryResult:
    """The result of an attempt from a report, whose texts may be anything. Raises Invalid."""
    try:
        made = msgspec.convert(given, Answer)
    except msgspec.ValidationError as error:
        raise Invalid({}, f"the report is invalid: {error}") from error
    if (made.status is None) == (not made.error):
        raise Invalid({}, "send either a status or an error")
    return DeliveryResult(
        made.took_ms, made.status, _clean(made.body, LONGEST_ANSWER), _clean(made.error, LONGEST_SENTENCE),
        _clean(made.advice, LONGEST_SENTENCE), _clean(made.location, LONGEST_SENTENCE), made.with_user,
        timed_out=made.timed_out)


def _clean(text: str, longest: int) -> str:
    """A text of a listener as it may be stored: not too long, without passwords and NUL characters."""
    return urls.discreet(text[:longest].replace("\x00", "\ufffd"))

"""Limits how long a move of the clock, or a flush, waits for receivers: about as long as one attempt takes.

Receivers that answer quickly cost nothing, however many attempts there are. Only the time counts that is
spent on receivers that are slow even at their best or do not answer. Seconds here are real, not the
emulator's.
"""
import threading
import time
from collections.abc import Collection, Iterable

from msgspec import Struct, field

FEW, MANY = 8, 128  # limits of attempts that are under way at once


class _Receiver(Struct):
    """The state of a receiver: its attempts under way, its speed, and the time that it has cost.

    `held_s` is the time in which the clock stood still to keep the order of its attempts.
    """

    under_way: int = 0
    room: int = FEW
    fastest_s: float = 0.0
    silent_since: float = field(default_factory=time.monotonic)
    has_answered: bool = False
    timed_out: bool = False
    held_s: float = 0.0
    cost_s: float = 0.0

    def answers_within(self, seconds: float) -> bool:
        """Whether its fastest answer came within `seconds`."""
        return self.has_answered and self.fastest_s <= seconds


class Patience:
    """The time that one move of the clock, or several at once, may wait for receivers.

    An attempt has `timeout` seconds as long as there is time left.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._quick = min(0.05, timeout / 50)  # for quick receivers, attempts keep their order
        # A receiver that answers within this time costs nothing, and gets every attempt.
        self._prompt = min(0.1, timeout / 10)
        self._cost = 0.0
        self._held = 0.0
        self._receivers: dict[str, _Receiver] = {}
        self._lock = threading.Lock()

    def rule_out(self, receivers: Iterable[str]) -> None:
        """Make no more attempts to these receivers."""
        for receiver in receivers:
            self._of(receiver).timed_out = True

    def launched(self, receiver: str) -> None:
        """Note that an attempt has begun."""
        with self._lock:
            known = self._of(receiver)
            if not known.under_way:
                known.silent_since = time.monotonic()
            known.under_way += 1

    def landed(self, receiver: str, seconds: float, timed_out: bool) -> None:
        """Note that an attempt has ended after `seconds`."""
        with self._lock:
            known = self._of(receiver)
            known.under_way -= 1
            known.silent_since = time.monotonic()
            if timed_out:
                known.timed_out = True
                return
            known.fastest_s = min(seconds, known.fastest_s) if known.has_answered else seconds
            known.has_answered = True
            # If attempts take longer when more are sent at once, the receiver handles one after the other.
            if seconds < 1.5 * known.fastest_s:
                known.room = min(known.room + 1, MANY)
            else:
                known.room = max(known.room - 1, FEW)

    def lost(self, receiver: str) -> None:
        """Note that the process that made an attempt has ended: the wait for it was not the receiver's."""
        with self._lock:
            known = self._of(receiver)
            self._cost = max(0.0, self._cost - known.cost_s)
            self._held = max(0.0, self._held - known.held_s)
            self._receivers[receiver] = _Receiver(under_way=known.under_way - 1)

    def room(self, receiver: str) -> int:
        """How many attempts may be under way to a receiver at once.

        That is as many as it can handle, and many while it does not answer.
        """
        return MANY if self.is_silent(receiver) else self._of(receiver).room

    def waited(self, seconds: float, receivers: Collection[str], held: bool) -> None:
        """Note a wait for receivers; `held` is whether time stood still to keep the order of attempts."""
        cost = 0.0
        for known in map(self._of, receivers):
            silence = time.monotonic() - known.silent_since
            if held and silence > self._quick:
                known.held_s += seconds
                self._held += 0 if known.has_answered else seconds
            if silence > self._prompt or known.fastest_s > self._prompt:
                known.cost_s += seconds
                cost = seconds
        self._cost += cost

    def allowance(self, receiver: str) -> float:
        """The seconds that the next attempt may take: first the whole timeout, later a part of the rest."""
        known = self._of(receiver)
        left = self._timeout * 1.25 - self._cost
        seconds = max(left - self._timeout / 4, left / 4, self._prompt)
        if known.answers_within(self._prompt):
            seconds = max(seconds, self._timeout / 2)
        return min(self._timeout, seconds)

    def is_out(self, receiver: str) -> bool:
        """Whether a receiver gets no more attempts: it timed out, or was slow and no time is left."""
        known = self._of(receiver)
        is_slow = known.cost_s > self._timeout / 8 and not known.answers_within(self._prompt)
        return known.timed_out or (is_slow and self._cost >= self._timeout)

    def holds(self, receiver: str) -> bool:
        """Whether the clock stands still while attempts to a receiver are under way.

        For a slow receiver the clock moves on until the outcome matters, so that its attempts run side by
        side.
        """
        known = self._of(receiver)
        silence = time.monotonic() - known.silent_since
        if known.answers_within(self._quick):  # it may take longer now and then
            return silence < self._timeout / 4
        if known.held_s >= self._timeout / 8:
            return False
        return silence <= self._quick or known.has_answered or self._held < self._timeout / 4

    def is_silent(self, receiver: str) -> bool:
        """Whether attempts to a receiver are under way and it has not answered for some time."""
        known = self._of(receiver)
        return known.under_way > 0 and time.monotonic() - known.silent_since > self._prompt

    def _of(self, receiver: str) -> _Receiver:
        return self._receivers.setdefault(receiver, _Receiver())

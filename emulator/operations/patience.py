"""How long a move of the clock, or a flush, waits for receivers: about as long as one attempt, in all.

Receivers that answer promptly cost nothing, however many attempts there are. What counts is the time in which
those are waited for that are slow even at their best, or from which nothing comes. Seconds here are those of
the machine, not the emulator's.
"""
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

FEW, MANY = 8, 128  # attempts that may be under way at once


@dataclass
class _Receiver:
    """What is known of a receiver: attempts under way, since when nothing has come from it, what it has cost.

    `held_s` is the time in which the clock stood still for the order of its attempts.
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
        """Whether it has answered in so short a time: not always, but at its best."""
        return self.has_answered and self.fastest_s <= seconds


class Patience:
    """What one move, or those that were asked for together, may wait for receivers.

    An attempt has `timeout` seconds as long as there is time left.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._quick = min(0.05, timeout / 50)  # whoever can answer in it gets attempts one after the other
        # whoever can answer in it costs nothing, and gets every attempt
        self._prompt = min(0.1, timeout / 10)
        self._cost = 0.0
        self._held = 0.0
        self._receivers: dict[str, _Receiver] = {}
        self._lock = threading.Lock()

    def rule_out(self, receivers: Iterable[str]) -> None:
        """Try these no more."""
        for receiver in receivers:
            self._of(receiver).timed_out = True

    def launched(self, receiver: str) -> None:
        """An attempt has begun."""
        with self._lock:
            known = self._of(receiver)
            if not known.under_way:
                known.silent_since = time.monotonic()
            known.under_way += 1

    def landed(self, receiver: str, seconds: float, timed_out: bool) -> None:
        """An attempt has ended that took so long."""
        with self._lock:
            known = self._of(receiver)
            known.under_way -= 1
            known.silent_since = time.monotonic()
            if timed_out:
                known.timed_out = True
                return
            known.fastest_s = min(seconds, known.fastest_s) if known.has_answered else seconds
            known.has_answered = True
            # More at once do no good where each takes longer for it: the receiver does one after the other.
            if seconds < 1.5 * known.fastest_s:
                known.room = min(known.room + 1, MANY)
            else:
                known.room = max(known.room - 1, FEW)

    def room(self, receiver: str) -> int:
        """How many attempts may be under way to a receiver at once: as many as it can stand, and many while
        nothing comes from it."""
        return MANY if self.is_silent(receiver) else self._of(receiver).room

    def waited(self, seconds: float, receivers: Collection[str], held: bool) -> None:
        """So long was waited for receivers; `held` when time stood still to keep the order of attempts."""
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
        """The seconds that the next attempt may take: all of them first, then a part of what is left."""
        known = self._of(receiver)
        left = self._timeout * 1.25 - self._cost
        seconds = max(left - self._timeout / 4, left / 4, self._prompt)
        if known.answers_within(self._prompt):
            seconds = max(seconds, self._timeout / 2)
        return min(self._timeout, seconds)

    def is_out(self, receiver: str) -> bool:
        """Whether a receiver is not tried again: it has timed out, or it was slow and nothing is left."""
        known = self._of(receiver)
        is_slow = known.cost_s > self._timeout / 8 and not known.answers_within(self._prompt)
        return known.timed_out or (is_slow and self._cost >= self._timeout)

    def holds(self, receiver: str) -> bool:
        """Whether the attempts under way to a receiver are waited for before the clock moves on at all.

        For one that turns out to be slow it moves on to where the outcome matters, so that its attempts
        go side by side.
        """
        known = self._of(receiver)
        silence = time.monotonic() - known.silent_since
        if known.answers_within(self._quick):  # now and then it may take longer
            return silence < self._timeout / 4
        if known.held_s >= self._timeout / 8:
            return False
        return silence <= self._quick or known.has_answered or self._held < self._timeout / 4

    def is_silent(self, receiver: str) -> bool:
        """Whether attempts to a receiver are under way and nothing has come from it for some time."""
        known = self._of(receiver)
        return known.under_way > 0 and time.monotonic() - known.silent_since > self._prompt

    def _of(self, receiver: str) -> _Receiver:
        return self._receivers.setdefault(receiver, _Receiver())

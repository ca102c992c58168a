"""What can be expected of a merchant's traffic: the names of checks, their grammar and their words.

Everything that can be counted is expected in three ways: `refunds=1` is exactly, `refunds_at_most=1` and
`refunds_at_least=1` are bounds. Amounts have the same three.
"""
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches

from msgspec import Struct

from ..base import clock, money
from ..base.values import whole
from ..protocol.codes import BUYER_FAILURES, REFUSALS
from ..protocol.response_codes import RESPONSE_CODES, CardStatus
from ..terminal import Result
from .errors import Invalid
from .orders import Status

Cursor = tuple[int, int, int]
MOST = 10**9
LONGEST_CURSOR_PART = 18


class Subject(Struct, frozen=True):
    """What can be counted or summed up: its name, its words for one and for several, and what it means.

    `of_requests` is whether it is about requests, so that `endpoint` limits it.
    """

    name: str
    one: str
    many: str
    meaning: str
    of_requests: bool = False


COUNTED = {row.name: row for row in (
    Subject("requests", "request", "requests", "requests to /v2", True),
    Subject("refused", "refused request", "refused requests", "requests that were refused", True),
    Subject("unknown", "request to an unknown endpoint", "requests to unknown endpoints",
            "requests to unknown endpoints below /v2"),
    Subject("findings", "finding", "findings", "findings about requests and about responses to "
            "notifications; with endpoint only about its requests", True),
    Subject("orders", "new order", "new orders", "orders that were created"),
    Subject("payments", "payment", "payments", "orders that were paid"),
    Subject("declines", "declined payment", "declined payments", "payments that failed or were declined"),
    Subject("refunds", "refund", "refunds", "refunds, including those that were reversed later"),
    Subject("cancels", "cancelled order", "cancelled orders", "orders that were cancelled"),
    Subject("expiries", "expired order", "expired orders", "orders that expired unpaid"),
    Subject("chargebacks", "chargeback", "chargebacks", "card payments that were charged back"),
    Subject("notifications", "sent notification", "sent notifications",
            "delivery attempts of notifications"),
    Subject("delivered", "delivered notification", "delivered notifications",
            "delivery attempts that the receiver acknowledged"),
    Subject("undelivered", "undelivered notification", "undelivered notifications",
            "delivery attempts that the receiver did not acknowledge"))}
AMOUNTS = {row.name: row for row in (
    Subject("amount_paid", "paid", "paid", "the amount that was paid, in major units"),
    Subject("amount_refunded", "refunded", "refunded", "the amount that was refunded, in major units"))}


class Relation(Struct, frozen=True):
    """How a number is compared: the end of the check's name, its words, and the comparison."""

    suffix: str
    words: str
    holds: Callable[[int, int], bool]


RELATIONS = (
    Relation("", "exactly", lambda found, wanted: found == wanted),
    Relation("_at_most", "at most", lambda found, wanted: found <= wanted),
    Relation("_at_least", "at least", lambda found, wanted: found >= wanted))


class Measured(Struct, frozen=True):
    """The check of a count, or of an amount in minor units: its subject, relation and wanted number."""

    subject: Subject
    relation: Relation
    number: int

    @property
    def is_amount(self) -> bool:
        """Whether it is about an amount."""
        return self.subject.name in AMOUNTS

    @property
    def wanted(self) -> str:
        """What is wanted, such as `at most 1`."""
        return f"{self.relation.words} {self.written(self.number)}"

    def written(self, number: int) -> str:
        """A number as people read it."""
        return money.text(number) if self.is_amount else str(number)

    def holds(self, found: int) -> bool:
        """Whether a number is as wanted."""
        return self.relation.holds(found, self.number)


class Signed(Struct, frozen=True):
    """The check that all requests have the right signature, or with `all_right` false that one has not."""

    all_right: bool


class Exercised(Struct, frozen=True):
    """The check that a code came in an answer or as the result of a payment."""

    code: str


class InStatus(Struct, frozen=True):
    """The check of an order's status."""

    out_trade_no: str
    status: str


Check = Measured | Signed | Exercised | InStatus


class Asked(Struct, frozen=True):
    """A verification: its checks, and what they look at.

    `since` is an instant (milliseconds), `after` a cursor; one of them at most is given.
    """

    merchants_id: str
    checks: tuple[Check, ...]
    out_trade_no: str = ""
    endpoint: str = ""
    since: int | None = None
    after: Cursor | None = None


MEASURED = {f"{subject.name}{relation.suffix}": (subject, relation)
            for subject in (*COUNTED.values(), *AMOUNTS.values()) for relation in RELATIONS}
SWITCHES = {"true": True, "false": False}
CODES = tuple(dict.fromkeys((*RESPONSE_CODES, *REFUSALS, *BUYER_FAILURES, *Result)))
STATUSES = {**{status.removeprefix("TRADE_"): str(status) for status in Status},
            **{str(status): str(status) for status in (*Status, *CardStatus)}}
DEFAULT: tuple[Check, ...] = (
    Signed(True), *(Measured(COUNTED[name], RELATIONS[0], 0) for name in ("unknown", "findings")))


def number(name: str, written: str) -> int:
    """The number of a check that is measured; an amount in minor units. Raises ValueError."""
    if name.startswith(tuple(AMOUNTS)):
        try:
            return money.minor(written)
        except ValueError:
            raise ValueError("must be an amount in major units, such as 2.50") from None
    return whole(written, MOST)


def codes(written: str) -> list[str]:
    """The codes of a list that commas separate. Raises ValueError for one that does not exist."""
    found = written.split(",")
    for code in found:
        if code not in CODES:
            near = get_close_matches(code[:40], CODES, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"has {code[:40]!r}, which is not a code; the codes are the response codes of "
                             f"section "
                             "7.2, the errors of refusals and of buyers, and the results of terminals, "
                             f"separated by commas{hint}")
    return found


def status(written: str) -> tuple[str, str]:
    """The order's number, empty if there is none, and the status. Raises ValueError."""
    out_trade_no, _, word = written.rpartition(":")
    if word not in STATUSES:
        raise ValueError("must be a status, or NUMBER:STATUS with an order's number; the statuses are "
                         f"{', '.join(STATUSES)}")
    return out_trade_no, STATUSES[word]


def since(written: str) -> int | Cursor:
    """The instant (milliseconds) or cursor after which a verification looks. Raises ValueError.

    A date is taken as its beginning in UTC, not as a cursor: no log has so few requests beside so many
    events.
    """
    with suppress(ValueError, OverflowError):
        return clock.from_iso(written)
    parts = written.split("-")
    if len(parts) == 3 and all(map(_is_place, parts)):
        return int(parts[0]), int(parts[1]), int(parts[2])
    raise ValueError("must be the cursor of an earlier verification, or an instant such as "
                     "2026-01-31T12:00:00Z")


def _is_place(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= LONGEST_CURSOR_PART


def read(merchants_id: str, given: Mapping[str, Sequence[str]]) -> Asked:
    """A verification as it is written: the values of each name. Without a check it has those of `DEFAULT`.

    Raises ValueError for a wrong value, and Invalid for values that do not fit together.
    """
    out_trade_no, endpoint = (next(iter(given.get(name, ())), "") for name in ("order", "endpoint"))
    checks = tuple(check for name, values in given.items() for value in values
                   for check in _checks(name, value, out_trade_no)) or DEFAULT
    _check_limits(given, checks)
    began = since(given["since"][0]) if given.get("since") else None
    after = began if isinstance(began, tuple) else None
    instant = began if isinstance(began, int) else None
    return Asked(merchants_id, checks, out_trade_no, endpoint, instant, after)


def _check_limits(given: Mapping[str, Sequence[str]], checks: Sequence[Check]) -> None:
    """Raise Invalid if a limit has no effect on any of the checks."""
    if given.get("endpoint") and not any(map(_is_of_requests, checks)):
        names = ", ".join(("signed", "codes", *(row.name for row in COUNTED.values() if row.of_requests)))
        raise Invalid({"endpoint": f"limits none of these checks; it limits {names}"})
    if given.get("since") and all(map(_is_of_now, checks)):
        raise Invalid({"since": "limits none of these checks: status and amounts are the present ones"})


def _checks(name: str, value: str, out_trade_no: str) -> list[Check]:
    """The checks of one value; none if the name is no check's."""
    if name in MEASURED:
        return [Measured(*MEASURED[name], number(name, value))]
    if name == "signed":
        return [Signed(SWITCHES[value])]
    if name == "codes":
        return [Exercised(code) for code in codes(value)]
    if name == "status":
        of_order, word = status(value)
        if not (of_order or out_trade_no):
            raise Invalid({"status": "needs the order: send order too, or NUMBER:STATUS"})
        return [InStatus(of_order or out_trade_no, word)]
    return []


def _is_of_requests(check: Check) -> bool:
    """Whether an endpoint limits a check."""
    if isinstance(check, Measured):
        return check.subject.of_requests
    return isinstance(check, (Signed, Exercised))


def _is_of_now(check: Check) -> bool:
    """Whether a check is about the present state, whenever it was reached."""
    return isinstance(check, InStatus) or (isinstance(check, Measured) and check.is_amount)

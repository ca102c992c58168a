"""Verifies a merchant's traffic: each check with what was found, a sentence, and the nearest facts.

It only reads. A fact is a request, an event of an order, an attempt of a notification or an order; what is in
it is masked already.
"""
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from ..base import money
from ..base.clock import iso
from ..domain.errors import Invalid
from ..domain.orders import Event, Order
from ..domain.verification import Asked, Check, Exercised, InStatus, Measured, Signed
from ..protocol.codes import REFUSALS
from ..protocol.response_codes import RESPONSE_CODES
from ..store import Reader, evidence
from ..store.evidence import Rows, Scope
from .unit import Present

MOST_FACTS = 10
LONGEST = 300
NOT_RIGHTLY_SIGNED = ("ILLEGAL_SIGN", "ILLEGAL_SIGN_TYPE")
CARDS = "tgpaybankcard"  # the endpoint whose refusals have response codes too
# The endpoints that ask for an event: what they refused is near to it.
_CALLS: Mapping[str, str] = {"refunds": "tgpayrefund", "cancels": "tgpaycancel", "chargebacks": CARDS}
_EVENTS: Mapping[str, tuple[Event, ...]] = {
    "orders": (Event.CREATE,), "declines": (Event.DECLINE, Event.FAIL), "cancels": (Event.CANCEL,),
    "expiries": (Event.EXPIRE,), "chargebacks": (Event.CHARGEBACK,)}
_MONEY: Mapping[str, Callable[[Scope], Rows]] = {
    "payments": evidence.payments, "refunds": evidence.refunds}
_ATTEMPTS: Mapping[str, bool | None] = {"notifications": None, "delivered": True, "undelivered": False}
_DETAILS = ("amount", "partner_refund_id", "code", "error", "result", "card_status", "reason")


class Fact(Struct, frozen=True):
    """What happened: a `request`, an `event` of an order, an `attempt` of a notification, or an `order`.

    `id` counts these, `at` is in milliseconds. `name` is the endpoint, the event or the notify_type;
    `verdict` how it ended; `why` says more. The other ids are None where there is none.
    """

    kind: str
    id: int
    at: int
    name: str
    out_trade_no: str
    verdict: str
    why: str
    journal_id: int | None = None
    notification_id: int | None = None

    @property
    def sentence(self) -> str:
        """The fact on one line, with where to find it."""
        places = (f"journal {self.journal_id}" if self.journal_id else "",
                  f"notification {self.notification_id}" if self.notification_id else "")
        place = ", ".join(filter(None, places))
        told = " ".join(filter(None, (iso(self.at), self.kind, self.name, self.out_trade_no, self.verdict,
                                      f"({place})" if place else "")))
        return f"{told}: {self.why}" if self.why else told


class Outcome(Struct, frozen=True):
    """The outcome of a check; `nearest` are facts that explain a failure, oldest first."""

    check: str
    wanted: str
    found: int | str
    ok: bool
    sentence: str
    nearest: list[Fact] = []


def verify(tables: Reader, asked: Asked) -> list[Outcome]:
    """The outcome of each check. Raises Invalid for an amount of orders in several currencies."""
    return [_Case(tables, asked).outcome(check) for check in asked.checks]


class _Case:
    """The checks of one verification, with what they look at."""

    def __init__(self, tables: Reader, asked: Asked) -> None:
        after = tables.changes.valid(asked.after) if asked.after else None
        self._tables, self._asked, self._evidence = tables, asked, tables.evidence
        self._scope = Scope(asked.merchants_id, asked.out_trade_no, asked.since, after)

    def outcome(self, check: Check) -> Outcome:
        """The outcome of a check."""
        if isinstance(check, Measured):
            return self._amount(check) if check.is_amount else self._count(check)
        if isinstance(check, Signed):
            return self._signed(check)
        return self._exercised(check) if isinstance(check, Exercised) else self._in_status(check)

    def _count(self, check: Measured) -> Outcome:
        name = check.subject.name
        selected = self._selected(name)
        found = (sum(map(self._evidence.findings, selected)) if name == "findings"
                 else sum(map(self._evidence.count, selected)))
        noun = check.subject.one if found == 1 else check.subject.many
        said = f"{found or 'no'} {noun}{self._limits(check.subject.of_requests)}, wanted {check.wanted}"
        ok = check.holds(found)
        nearest = [] if ok else self._facts(*selected)
        if not ok and found < check.number:
            nearest = _joined(nearest, self._near(name))
        return Outcome(name, check.wanted, found, ok, said, nearest)

    def _selected(self, name: str) -> list[Rows]:
        """The rows that are counted; for findings those that have some."""
        scope, endpoint = self._scope, self._asked.endpoint
        if name == "requests":
            return [evidence.requests(scope, endpoint)]
        if name == "findings":
            sources = [evidence.requests(scope, endpoint)]
            if not endpoint:
                sources.append(evidence.attempts(scope))
            return [rows.which("findings <> '[]'") for rows in sources]
        if name == "refused":
            return [evidence.with_verdicts(scope, endpoint, REFUSALS)]
        if name == "unknown":
            return [evidence.with_verdicts(scope, "", ("NOT_FOUND",))]
        if name in _ATTEMPTS:
            return [evidence.attempts(scope, _ATTEMPTS[name])]
        return [_MONEY[name](scope) if name in _MONEY else evidence.events(scope, _EVENTS[name])]

    def _near(self, name: str) -> list[Fact]:
        """Facts near to those of which there are too few."""
        if name == "delivered":
            return self._facts(evidence.attempts(self._scope, False))
        if name in _ATTEMPTS:
            return self._facts(evidence.rows_in(self._scope, "history"))
        refused = self._facts(evidence.with_verdicts(self._scope, _CALLS.get(name, ""), REFUSALS))
        return refused or self._facts(evidence.requests(self._scope))

    def _signed(self, check: Signed) -> Outcome:
        endpoint = self._asked.endpoint
        wrong = evidence.with_verdicts(self._scope, endpoint, NOT_RIGHTLY_SIGNED)
        every = evidence.requests(self._scope, endpoint)
        found, total = self._evidence.count(wrong), self._evidence.count(every)
        wanted = "none" if check.all_right else "at least 1"
        ok = (found == 0) is check.all_right
        said = (f"{found} of {total} request{'' if total == 1 else 's'}{self._limits(True)} "
                f"{'has' if found == 1 else 'have'} a wrong signature, wanted {wanted}")
        near = wrong if check.all_right else every
        return Outcome("signed", f"{wanted} with a wrong signature", found, ok, said,
                       [] if ok else self._facts(near))

    def _exercised(self, check: Exercised) -> Outcome:
        code, scope, endpoint = check.code, self._scope, self._asked.endpoint
        sources = []
        if not endpoint:
            sources.append(evidence.with_code(scope, code))
        if code in REFUSALS:
            sources.append(evidence.with_verdicts(scope, endpoint, (code,)))
        answering = endpoint or (CARDS if code in RESPONSE_CODES else "")
        if answering:
            sources.append(evidence.answering(scope, answering, code))
        came = any(self._evidence.newest(rows, 1) for rows in sources)
        found = "was returned" if came else "was not returned"
        nearest = [] if came else self._other_codes()
        said = f"code {code} {found} in the traffic{self._limits(True)}"
        return Outcome("codes", code, found, came, said, nearest)

    def _other_codes(self) -> list[Fact]:
        """The events with codes and the refused requests, as far as they are the newest."""
        with_codes = evidence.rows_in(self._scope, "history").which("detail LIKE :any", any='%"code":"%')
        return self._facts(with_codes, evidence.with_verdicts(self._scope, "", REFUSALS))

    def _in_status(self, check: InStatus) -> Outcome:
        number = check.out_trade_no
        order = self._tables.orders.find(self._asked.merchants_id, number)
        if order is None:
            said = f"there is no order {number}, wanted {check.status}"
            newest = evidence.events(Scope(self._asked.merchants_id), (Event.CREATE,))
            return Outcome("status", check.status, "no such order", False, said, self._facts(newest))
        seen = Present(self._tables).seen(order)
        found = " ".join(seen.states)
        said = f"order {number} is {found}, wanted {check.status}"
        if check.status in seen.states:
            return Outcome("status", check.status, found, True, said)
        story = evidence.rows_in(Scope(self._asked.merchants_id, number), "history")
        return Outcome("status", check.status, found, False, said,
                       [*self._facts(story), _of_order(seen)][-MOST_FACTS:])

    def _amount(self, check: Measured) -> Outcome:
        name, scope = check.subject.name, Scope(self._asked.merchants_id, self._asked.out_trade_no)
        sums = [(row["currency"], int(row[name])) for row in self._evidence.amounts(scope) if row[name]]
        if len(sums) > 1:
            currencies = ", ".join(currency for currency, _ in sums)
            raise Invalid({name: f"has amounts in {currencies}; send the order whose amount is meant"})
        currency, found = sums[0] if sums else ("", 0)
        of_order = f" of order {scope.out_trade_no}" if scope.out_trade_no else ""
        said = " ".join(filter(None, (money.text(found), currency, check.subject.many)))
        ok = check.holds(found)
        moved = ([evidence.payments(scope)] if name == "amount_paid"
                 else [evidence.refunds(scope), evidence.given_back(scope)])
        nearest = [] if ok else self._facts(*moved)
        return Outcome(name, check.wanted, money.text(found), ok,
                       f"{said}{of_order}, wanted {check.wanted}", nearest)

    def _limits(self, of_requests: bool) -> str:
        """What limits a check, in words."""
        asked = self._asked
        return "".join((f" at {asked.endpoint}" if of_requests and asked.endpoint else "",
                        f" of order {asked.out_trade_no}" if asked.out_trade_no else "",
                        f" since {iso(asked.since)}" if asked.since is not None else "",
                        " since the cursor" if asked.after else ""))

    def _facts(self, *selected: Rows) -> list[Fact]:
        """The newest facts of these rows, oldest first."""
        return _joined(*([self._fact(rows.table, row) for row in self._evidence.newest(rows, MOST_FACTS)]
                         for rows in selected))

    def _fact(self, table: str, row: Any) -> Fact:
        if table == "journal":
            return _request(row)
        if table == "attempts":
            return _attempt(row)
        detail = json.loads(row["detail"])
        told = ", ".join([*(f"{name} {detail[name]}" for name in _DETAILS if detail.get(name)),
                          f"by {row['cause']}"])
        return Fact("event", row["id"], row["at"], row["event"], row["out_trade_no"], row["status"], told,
                    self._cause(row, detail.get("partner_refund_id", "")))

    def _cause(self, event: Any, refund_id: str) -> int | None:
        """The journal's id of the request that caused an event, or None if none did.

        Several requests may have come at one instant; a refund's has its number.
        """
        found = self._evidence.causes(event)
        own = [row for row in found if refund_id and refund_id in json.loads(row["params"]).values()]
        first = next(iter(own or found), None)
        return int(first["id"]) if first else None


def _joined(*lists: Iterable[Fact]) -> list[Fact]:
    """The newest of several lists of facts, each once, oldest first."""
    facts = {(fact.kind, fact.id): fact for facts in lists for fact in facts}
    return sorted(facts.values(), key=lambda fact: (fact.at, fact.id))[-MOST_FACTS:]


def _request(row: Any) -> Fact:
    """A request, with what was wrong with it."""
    explanation = json.loads(row["explanation"])
    why = explanation.get("sentence") or explanation.get("why") or ""
    if not why and row["verdict"] != "OK":
        why = row["answer"].partition("<detail_error_des>")[2].partition("</")[0]
    found = [f"{each['code']}: {each['detail']}" for each in json.loads(row["findings"])]
    told = _short("; ".join(filter(None, (str(why), *found))))
    return Fact("request", row["id"], row["at"], row["endpoint"], row["out_trade_no"], row["verdict"], told,
                row["id"])


def _attempt(row: Any) -> Fact:
    """An attempt, with what the receiver answered."""
    answer = _short(row["answer"] or "", 80)
    came = f"answered {row['status_code']} {answer!r}" if row["status_code"] else "no response"
    found = [f"{each['code']}: {each['detail']}" for each in json.loads(row["findings"])]
    told = "; ".join(filter(None, (came, row["error"], "resent manually" if row["replay"] else "", *found)))
    return Fact("attempt", row["id"], row["at"], row["notify_type"] or "", row["out_trade_no"] or "",
                "delivered" if row["delivered"] else "not delivered", _short(told),
                notification_id=row["notification_id"])


def _of_order(order: Order) -> Fact:
    """An order as it is now."""
    why = f"closed by {order.closed_by}" if order.closed_by else order.failure
    return Fact("order", order.id, order.created_at, order.endpoint, order.out_trade_no,
                " ".join(order.states), why)


def _short(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"

"""The control interface `/_emulator`, one method for each call.

The methods return what the interface answers: JSON objects as dictionaries, lists complete whatever the
number of their pages. Filters that are None are left out. A call that is refused raises ControlError with
the `detail` of the problem.
"""
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from .calls import JSON, LONGEST_S, PATIENCE_S, Calls, as_query, escaped, events_in
from .errors import ControlError

__tracebackhide__ = True  # pytest shows the line of the test
ANSWER_S = 30.0  # how much later than its timeout the answer to a wait may come


class Client(Calls):
    """A client of the control interface of the emulator at `url`, with its control token if it has one."""

    def health(self) -> JSON:
        """Version and time of the emulator, if it can serve requests."""
        return self._get("/health")

    def reset(self, merchants_id: str | None = None) -> None:
        """Back to the seeded state: everything, or one merchant."""
        self.call("POST", "/reset", merchants_id=merchants_id)

    def clock(self, merchants_id: str | None = None) -> JSON:
        """The clock of everybody, or of one merchant."""
        return self._get("/clock", merchants_id=merchants_id)

    def move_clock(self, merchants_id: str | None = None, *, advance: str | float | None = None,
                   set: str | None = None, freeze: bool | None = None, reset: bool | None = None,
                   key: str | None = None) -> JSON:
        """Move the clock of everybody or of one merchant, and return what was done meanwhile.

        One of the moves is given: `advance` by a duration such as 15m, `set` to an instant, `freeze` (False
        lets the clock run on), or `reset`. A call that is repeated with the same idempotency `key` moves the
        clock once.
        """
        given = {"advance": advance, "set": set, "freeze": freeze, "reset": reset,
                 "merchants_id": merchants_id}
        body = {name: value for name, value in given.items() if value is not None}
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._object("POST", "/clock", body, headers=headers, patience=LONGEST_S)

    def merchants(self) -> list[JSON]:
        """All merchants with their settings."""
        return self.pages("/merchants")

    def merchant(self, merchants_id: str) -> JSON:
        """One merchant with its settings."""
        return self._get(_path(merchants_id))

    def make_merchant(self, **settings: object) -> JSON:
        """Create a merchant, isolated from all others; number and token are generated unless given."""
        return self._object("POST", "/merchants", settings)

    def change_merchant(self, merchants_id: str, **settings: object) -> JSON:
        """Change settings of a merchant."""
        return self._object("PATCH", _path(merchants_id), settings)

    def remove_merchant(self, merchants_id: str) -> None:
        """Delete a merchant with all its data."""
        self.call("DELETE", _path(merchants_id))

    def orders(self, merchants_id: str | None = None, status: str | None = None,
               limit: int | None = None, search: str | None = None) -> list[JSON]:
        """Orders, oldest first; `search` is a part of the order number."""
        return self.pages("/orders", limit, merchants_id=merchants_id, status=status, search=search)

    def order(self, merchants_id: str, out_trade_no: str) -> JSON:
        """An order with its history, refunds and notifications."""
        return self._get(_order_path(merchants_id, out_trade_no))

    def trigger(self, merchants_id: str, out_trade_no: str, event: str, **details: object) -> JSON:
        """Trigger an event of an order, and return the order after it.

        Events are pay, decline, expire and close; of a card order also approve, refuse and chargeback. A
        `decline` takes `error`, the error of a wallet, or `code`, the response code of a card.
        """
        return self._object("POST", f"{_order_path(merchants_id, out_trade_no)}/{escaped(event)}", details)

    def wait(self, merchants_id: str, out_trade_no: str, status: str | None = None, *,
             delivered: bool = False, timeout: float = 10.0) -> JSON:
        """The order and its notifications, as soon as it has a status; it need not exist yet.

        With `delivered`, all its notifications are delivered too. `timeout` is in seconds, at most 60.
        Raises ControlError with status 408 and, in its `document`, the present state of the order.
        """
        return self._object("GET", "/wait", None, merchants_id=merchants_id, out_trade_no=out_trade_no,
                            status=status, notification="delivered" if delivered else None,
                            timeout=f"{max(1, round(timeout * 1000))}ms", patience=timeout + ANSWER_S)

    def notifications(self, merchants_id: str | None = None, out_trade_no: str | None = None,
                      status: str | None = None, notify_type: str | None = None,
                      limit: int | None = None) -> list[JSON]:
        """Notifications with every attempt, oldest first."""
        return self.pages("/notifications", limit, merchants_id=merchants_id, out_trade_no=out_trade_no,
                          status=status, notify_type=notify_type)

    def notification(self, notification_id: int) -> JSON:
        """A notification with every attempt."""
        return self._get(f"/notifications/{notification_id}")

    def replay(self, notification_id: int) -> JSON:
        """Resend a notification, and return it with the new attempt."""
        return self._object("POST", f"/notifications/{notification_id}/replay")

    def flush(self, merchants_id: str | None = None) -> JSON:
        """Send all notifications that are due, or those of one merchant, and return what was done."""
        body = {"merchants_id": merchants_id} if merchants_id else None
        return self._object("POST", "/notifications/flush", body, patience=LONGEST_S)

    def inbox(self, merchants_id: str, limit: int | None = None) -> list[JSON]:
        """The notifications that arrived in a merchant's inbox, newest first."""
        return self.pages(_path(merchants_id, "inbox"), limit)

    def set_inbox_answer(self, merchants_id: str, answer: object) -> JSON:
        """Set the responses of a merchant's inbox: a body, a status, an object of these, or a list."""
        return self._object("PUT", _path(merchants_id, "inbox"), {"answer": answer})

    def take_attempts(self, merchants_id: str, listener: str, **details: object) -> list[JSON]:
        """The attempts that a listener has to forward for a merchant whose notify_url is `listen`.

        `details` are members of the call's body, such as `takes_over`, `held`, `leaves` and `timeout`.
        """
        asked, path = {"listener": listener, **details}, _path(merchants_id, "listen")
        return list(self._object("POST", path, asked, patience=LONGEST_S)["items"])

    def report_attempt(self, merchants_id: str, attempt_id: str, **result: object) -> JSON:
        """Report the result of an attempt that a listener has forwarded: `status` and `body`, or `error`."""
        return self._object("POST", _path(merchants_id, "listen", attempt_id), result)

    def journal(self, merchants_id: str | None = None, endpoint: str | None = None,
                out_trade_no: str | None = None, verdict: str | None = None,
                limit: int | None = None) -> list[JSON]:
        """Every request to `/v2`, oldest first."""
        return self.pages("/journal", limit, merchants_id=merchants_id, endpoint=endpoint,
                          out_trade_no=out_trade_no, verdict=verdict)

    def journal_entry(self, entry_id: int) -> JSON:
        """One request with its parameters and its response."""
        return self._get(f"/journal/{entry_id}")

    def clear_journal(self, merchants_id: str | None = None) -> None:
        """Delete all requests of the journal, or those of one merchant."""
        self.call("DELETE", "/journal", merchants_id=merchants_id)

    def findings(self, merchants_id: str | None = None) -> list[JSON]:
        """The rules of the document that requests and receivers break."""
        return self._items("/findings", merchants_id=merchants_id)

    def verify(self, merchants_id: str, **checks: object) -> JSON:
        """Verify a merchant's traffic: `verified`, and the `checks`, with the facts that explain a failure.

        Checks are those of `GET /_emulator/verify`, such as `refunds=1` or `codes=["3200", "3084"]`; the
        returned `cursor` can be the `since` of a later verification.
        """
        asked: Any = {name: as_query(value) for name, value in checks.items()}
        answer: JSON = self.call("GET", "/verify", None, headers=None, patience=PATIENCE_S,
                                 merchants_id=merchants_id, **asked)
        return answer

    def scenarios(self) -> list[JSON]:
        """The bundled scenarios: names and summaries."""
        return self._items("/scenarios")

    def bundled_scenario(self, name: str) -> JSON:
        """A bundled scenario with its rules."""
        return self._get(f"/scenarios/{escaped(name)}")

    def scenario(self, merchants_id: str | None = None) -> JSON:
        """The active scenario, and how often each rule with a list of outcomes was used."""
        return self._get("/scenario", merchants_id=merchants_id)

    def use_scenario(self, scenario: str | Sequence[Mapping[str, object]],
                     merchants_id: str | None = None) -> JSON:
        """Activate a scenario, for one merchant or for all: a bundled one by its name, or rules."""
        body = {"name": scenario} if isinstance(scenario, str) else {"rules": list(scenario)}
        return self._object("PUT", "/scenario", body, merchants_id=merchants_id)

    def end_scenario(self, merchants_id: str | None = None) -> None:
        """Deactivate the scenario."""
        self.call("DELETE", "/scenario", merchants_id=merchants_id)

    def terminals(self, merchants_id: str | None = None) -> list[JSON]:
        """The card terminals with their state."""
        return self.pages("/terminals", merchants_id=merchants_id)

    def terminal(self, terminal_sn: str) -> JSON:
        """One terminal with its state and the possible actions."""
        return self._get(f"/terminals/{escaped(terminal_sn)}")

    def put_terminal(self, terminal_sn: str, **settings: object) -> JSON:
        """Create a terminal, or change one: `online=False`, `attended=True`."""
        return self._object("PUT", f"/terminals/{escaped(terminal_sn)}", settings)

    def act_at_terminal(self, terminal_sn: str, event: str) -> JSON:
        """Operate a terminal: tap, insert, swipe, pin, approve, decline, cancel."""
        return self._object("POST", f"/terminals/{escaped(terminal_sn)}/{escaped(event)}")

    def settlement(self, merchants_id: str | None = None, start_date: str | None = None,
                   end_date: str | None = None, limit: int | None = None) -> list[JSON]:
        """The correct rows of the settlement file, with the injected discrepancies."""
        return self.pages("/settlement", limit, merchants_id=merchants_id, start_date=start_date,
                          end_date=end_date)

    def check_settlement(self, merchants_id: str, rows: Sequence[Mapping[str, object]],
                         start_date: str | None = None, end_date: str | None = None) -> JSON:
        """Check a merchant's own list: noticed and missed discrepancies, other differences."""
        return self._object("POST", "/settlement/check", {
            "merchants_id": merchants_id, "rows": list(rows), "start_date": start_date, "end_date": end_date})

    def export(self, *merchants: str, with_secrets: bool = False) -> bytes:
        """A file with all data of merchants, or of all; tokens are masked unless `with_secrets`."""
        answer = self.exchange("GET", "/export", merchants_id=merchants or None,
                               secrets="true" if with_secrets else None)
        if answer.status != 200:
            raise ControlError("GET /export", json.loads(answer.text))
        return answer.body

    def import_file(self, file: bytes, replace: bool = False, clock: str | None = None) -> JSON:
        """Import the merchants of an exported file; `clock` is frozen (the default), running or shared.

        With `replace` merchants that exist are replaced. The response has their tokens.
        """
        return self._object("POST", "/import", file, headers={"Content-Type": "application/gzip"},
                            replace="true" if replace else None, clock=clock, patience=LONGEST_S)

    def codes(self) -> list[JSON]:
        """The response codes of cards."""
        return self._items("/codes")

    def cards(self) -> list[JSON]:
        """The test cards, and the response code of each."""
        return self._items("/cards")

    def sign(self, params: Mapping[str, str], merchants_id: str) -> JSON:
        """The string to sign of parameters, and their signature with a merchant's token."""
        return self._object("POST", "/sign", {"params": dict(params), "merchants_id": merchants_id})

    def explain(self, params: Mapping[str, str], merchants_id: str) -> JSON:
        """Explain a wrong `sign` of parameters."""
        return self._object("POST", "/sign/explain", {"params": dict(params), "merchants_id": merchants_id})

    def metrics(self) -> str:
        """Metrics for Prometheus."""
        answer = self.exchange("GET", "/metrics")
        if answer.status != 200:
            raise ControlError("GET /metrics", json.loads(answer.text))
        return answer.text

    def openapi(self) -> JSON:
        """The control interface and `/v2` as an OpenAPI document."""
        return self._get("/openapi.json")

    def events(self, merchants_id: str | None = None,
               silence: float = PATIENCE_S) -> Iterator[tuple[str, JSON]]:
        """The events from now on, until the caller stops: `order`, `notification` or `request`, and the data
        of each.

        Raises TimeoutError after `silence` seconds without a sign of life, and ControlError when the stream
        is refused.
        """
        asked = Request(self.address("/events", merchants_id=merchants_id), headers=self.headers)
        try:
            stream = build_opener(ProxyHandler({})).open(asked, timeout=silence)
        except HTTPError as refused:
            with refused:
                raise ControlError("GET /events", json.loads(refused.read())) from None
        return events_in(stream)

    def _get(self, path: str, **query: object) -> JSON:
        return self._object("GET", path, None, **query)

    def _items(self, path: str, **query: object) -> list[JSON]:
        items: list[JSON] = self._get(path, **query)["items"]
        return items

    def _object(self, method: str, path: str, body: Mapping[str, object] | bytes | None = None,
                **more: Any) -> JSON:
        document: JSON = self.call(method, path, body or None, **more)
        return document


def _path(merchants_id: str, *parts: str) -> str:
    return "/".join(["/merchants", *map(escaped, (merchants_id, *parts))])


def _order_path(merchants_id: str, out_trade_no: str) -> str:
    return f"/orders/{escaped(merchants_id)}/{escaped(out_trade_no)}"

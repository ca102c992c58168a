"""A merchant: signs, sends, verifies, and sees what the emulator saw of it."""
import csv
import io
import itertools
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, overload
from urllib.parse import urlencode

from ..base.http_client import PATIENCE_S, fetch
from ..signing import signature
from . import rules
from .answers import UNSIGNED, Answer
from .calls import JSON, as_text
from .client import Client
from .clock import Clock
from .errors import (
    ControlError, EmulatorError, NoAnswer, NotVerified, Refused, UnusableAnswer, WaitTimeout, WrongSignature)
from .report import how_far, verification_lines

__tracebackhide__ = True  # pytest shows the line of the test
LONGEST_WAIT_S = 60.0  # of one call
MOST_DAYS = 366  # of one settlement file


class Merchant:
    """A merchant of the emulator that `client` controls: its `number` (merchants_id) and `token`.

    As a context manager it is deleted at the end, with all its data.
    """

    def __init__(self, client: Client, number: str, token: str,
                 settings: Mapping[str, Any] | None = None) -> None:
        self.client = client
        self.number = number
        self.token = token
        self.settings: JSON = dict(settings or {})
        self.clock = Clock(client, number)
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)

    @classmethod
    def create(cls, client: Client, **settings: object) -> "Merchant":
        """Create a merchant, isolated from all others. Raises ControlError for a wrong setting."""
        return cls._of(client, client.make_merchant(**settings), "")

    @classmethod
    def existing(cls, client: Client, number: str) -> "Merchant":
        """An existing merchant of the emulator, such as a seeded one. Raises ControlError."""
        return cls._of(client, client.merchant(number), secrets.token_hex(4))

    @classmethod
    def _of(cls, client: Client, made: JSON, run: str) -> "Merchant":
        merchant = cls(client, made["merchants_id"], made["token"], made)
        merchant._run = run
        return merchant

    @property
    def merchants_id(self) -> str:
        """The merchant's number by its name in requests."""
        return self.number

    @property
    def console(self) -> str:
        """The address of the console's page with the orders of this merchant."""
        return f"{self.client.url}/console/orders?merchants_id={self.number}"

    def order_number(self) -> str:
        """A new order number, with the merchant's number in front as the document asks for."""
        return f"{self.number}{self._run}{next(self._numbers):04d}"

    def sign(self, params: Mapping[str, str]) -> str:
        """The signature of parameters or fields (section 1.2)."""
        return signature.sign(params, self.token)

    def signed(self, **params: object) -> dict[str, str]:
        """The parameters as texts, with merchants_id, sign_type and sign.

        Of a dictionary or a list the text is JSON. One that is None is left out, merchants_id and sign_type
        too.
        """
        given = {"merchants_id": self.number, **params, "sign_type": params.get("sign_type", "MD5")}
        texts = {name: as_text(value) for name, value in given.items() if value is not None}
        return {"sign": self.sign(texts), **texts}

    @overload
    def verify(self, fields: Mapping[str, str], /) -> bool:
        """Whether fields have the right signature."""

    @overload
    def verify(self, **checks: object) -> JSON:
        """Verify the traffic."""

    def verify(self, *fields: Mapping[str, str], **checks: Any) -> bool | JSON:
        """Whether fields of an answer or a notification have the right `sign` of this merchant.

        Without fields: whether its traffic passes checks such as `refunds=1` or
        `status={order: "TRADE_SUCCESS"}`, within `order`, `endpoint` and `since`; without checks: right
        signatures, no unknown endpoint, no broken rule. Returns the outcome; its `cursor` is a later `since`.
        Raises NotVerified, an AssertionError with the facts that explain it, and ControlError for a wrong
        check.
        """
        if fields:
            if checks or len(fields) > 1:
                raise TypeError("verify takes fields, or checks, and not both")
            return signature.matches(fields[0].get("sign", ""), self.sign(fields[0]))
        outcome = self.client.verify(self.number, **checks)
        if not outcome["verified"]:
            raise NotVerified("\n".join(verification_lines(outcome["checks"])), outcome)
        return outcome

    def call(self, endpoint: str, /, *, check: bool = True, method: str = "POST",
             patience: float = PATIENCE_S, **params: object) -> Answer:
        """Sign parameters, send them to an endpoint such as `tgpayqrcode`, and return the answer's fields.

        Raises Refused when the gateway refuses the request, WrongSignature when its answer has a wrong
        signature, UnusableAnswer when it is not an answer of the gateway, and NoAnswer when there is none in
        `patience` seconds. With `check=False` only NoAnswer is raised; see the answer's `ok`.
        """
        answer = self.send(endpoint, self.signed(**params), method, patience)
        if check:
            self._check(answer)
        return answer

    def send(self, endpoint: str, params: Mapping[str, str], method: str = "POST",
             patience: float = PATIENCE_S) -> Answer:
        """Send parameters as they are, and return the answer, whatever it is. Raises NoAnswer."""
        url, query = f"{self.client.url}/v2/{endpoint}.php", urlencode(params)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            if method == "GET":
                answer = fetch(f"{url}?{query}", patience=patience)
            else:
                answer = fetch(url, method, query.encode(), form, patience)
        except OSError as problem:
            why = getattr(problem, "reason", problem)
            raise NoAnswer(f"{endpoint} was not answered by {self.client.url}: {why}") from problem
        received = Answer(endpoint, answer.status, dict(answer.headers.items()), answer.text)
        received.signature_is_right = self._is_rightly_signed(received)
        return received

    def _is_rightly_signed(self, answer: Answer) -> bool:
        if answer.get("sign"):
            return self.verify(answer)
        return answer.is_refusal or not answer or answer.endpoint in UNSIGNED

    def _check(self, answer: Answer) -> None:
        """Raise what is wrong with an answer."""
        if not answer.is_usable:
            what = f"{answer.endpoint} answers {answer.status} with {answer.text[:200]!r}"
            raise UnusableAnswer(what, answer.status, answer.text)
        if not answer.signature_is_right:
            raise WrongSignature(answer.endpoint, answer)
        if answer.is_refusal:
            raise Refused(answer.endpoint, answer, self._journalled(answer.request_id))

    def _journalled(self, request_id: int) -> JSON:
        """The journal's entry of a request; empty when it has none."""
        try:
            return self.client.journal_entry(request_id) if request_id else {}
        except EmulatorError:
            return {}

    def pay(self, order: str) -> JSON:
        """The buyer pays. Returns the order, as all of these do."""
        return self.trigger(order, "pay")

    def decline(self, order: str, *, error: str | None = None, code: str | None = None) -> JSON:
        """The payment fails: a wallet's with `error`, such as BUYER_BALANCE_NOT_ENOUGH, a card's with `code`.
        """
        reason = {"error": error, "code": code}
        return self.trigger(order, "decline", **{name: value for name, value in reason.items() if value})

    def expire(self, order: str) -> JSON:
        """The order expires unpaid."""
        return self.trigger(order, "expire")

    def close(self, order: str) -> JSON:
        """The order is closed unpaid."""
        return self.trigger(order, "close")

    def approve(self, order: str) -> JSON:
        """A reviewed card payment is approved."""
        return self.trigger(order, "approve")

    def refuse(self, order: str) -> JSON:
        """A reviewed card payment is refused."""
        return self.trigger(order, "refuse")

    def charge_back(self, order: str) -> JSON:
        """A card payment is charged back."""
        return self.trigger(order, "chargeback")

    def trigger(self, order: str, event: str, **details: object) -> JSON:
        """Trigger an event of an order. Raises ControlError when the order's state forbids it."""
        return self.client.trigger(self.number, order, event, **details)

    def order(self, order: str) -> JSON:
        """An order with its history, refunds and notifications. Raises ControlError when there is none."""
        return self.client.order(self.number, order)

    def orders(self, status: str | None = None) -> list[JSON]:
        """All orders, oldest first."""
        return self.client.orders(self.number, status)

    def wait_for(self, order: str, *, status: str | None = None, delivered: bool = False,
                 timeout: float = 10.0) -> JSON:
        """The order with its notifications, as soon as it has a status; it need not exist yet.

        With `delivered`, all its notifications are delivered too. Raises WaitTimeout after `timeout` seconds.
        """
        left = timeout
        while True:
            step = min(left, LONGEST_WAIT_S)
            left -= step
            try:
                return self.client.wait(self.number, order, status, delivered=delivered, timeout=step)
            except ControlError as problem:
                if problem.status != 408:
                    raise
                if left <= 0:
                    raise WaitTimeout(how_far(order, status, timeout, problem.document)) from None

    def notifications(self, order: str | None = None) -> list[JSON]:
        """The notifications of an order or of all, with every attempt, oldest first."""
        return self.client.notifications(self.number, order)

    def scenario(self, rules: str | Sequence[Mapping[str, object]]) -> JSON:
        """Activate a scenario for this merchant: rules, or a bundled one by its name."""
        return self.client.use_scenario(rules, self.number)

    def end_scenario(self) -> None:
        """Deactivate this merchant's scenario."""
        self.client.end_scenario(self.number)

    def lose_next_answer(self, **when: object) -> None:
        """The next request is processed, but its response is lost: the connection is closed.

        `when` are conditions of a rule, such as `endpoint="tgpayrefund"`.
        """
        self._next(when, {"fault": "drop_after"})

    def decline_next(self, code: str, **when: object) -> None:
        """The next payment is declined: by a response code of cards (`3084`), by the failure of a wallet's
        buyer (`BUYER_BALANCE_NOT_ENOUGH`), or as the result of a terminal (`DECLINED`).
        """
        condition, outcome = rules.declined(code)
        self._next({**condition, **when}, outcome)

    def _next(self, when: Mapping[str, object], then: Mapping[str, object]) -> None:
        active = self.client.scenario(self.number)
        self.scenario(rules.with_next(active, dict(when), dict(then)))

    def settlement(self, day: str | date | None = None,
                   until: str | date | None = None) -> list[dict[str, str]]:
        """The rows of the settlement file of a day, or from a day `until` another.

        Without a day, those of the last 366 days of the merchant's clock. Raises Refused.
        """
        first, last = day, until or day
        if first is None:
            last = self.clock.today()
            first = last - timedelta(days=MOST_DAYS - 1)
        answer = self.call("export_settlement", start_date=str(first), end_date=str(last))
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def findings(self) -> list[JSON]:
        """The rules of the document that this merchant's requests and receiver break."""
        return self.client.findings(self.number)

    def journal(self, order: str | None = None) -> list[JSON]:
        """This merchant's requests, or those of an order, oldest first."""
        return self.client.journal(self.number, out_trade_no=order)

    def terminals(self) -> list[JSON]:
        """This merchant's card terminals with their state."""
        return self.client.terminals(self.number)

    def change(self, **settings: object) -> None:
        """Change settings, such as `notify_url`. Raises ControlError."""
        self.settings = self.client.change_merchant(self.number, **settings)
        self.token = self.settings["token"]

    def remove(self) -> None:
        """Delete the merchant with all its data."""
        self.client.remove_merchant(self.number)

    def __enter__(self) -> "Merchant":
        return self

    def __exit__(self, *failure: object) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<Merchant {self.number} of {self.client.url}>"

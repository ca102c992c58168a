"""`then`: the outcome of a rule for a payment, its answer and its notifications.

To add a key, add one field.
"""
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..base import durations, money
from ..protocol.codes import BUYER_FAILURES
from ..protocol.faults import FAULTS, NOTHING_HAPPENS, Discrepancy
from ..protocol.response_codes import PENDING, RESPONSE_CODES, CardStatus
from ..terminal import Result, State
from .kinds import (
    DURATION, SWITCH, Kind, copies, duration, given, key, near, one_of, quoted, scalar, some_of, table, whole)

CARDS = ("tgpaybankcard",)
WALLETS = ("tgpaybarcode", "tgpayqrcode", "tgpayh5", "tgpayprepay")
TERMINALS = ("tgpaywebtoterminal", "tgpaybankcard")
PAYMENTS = (*WALLETS, *CARDS, "tgpaywebtoterminal")
ENDPOINTS = (*PAYMENTS, "tgpayquery", "tgpayrefund", "tgpaycancel", "tgpayapi", "tgpaygetopenid",
             "export_settlement", "tgpayuserinfo", "tgpaycheck")

RESULTS = tuple(map(str, Result))
STATES = tuple(map(str, (State.WAITING_FOR_CARD, State.READING_CARD, State.PIN_ENTRY, State.AUTHORISING)))
PAID, FROM_AMOUNT = "paid", "from:trans_amount"
LONGEST_DELAY = 10 * durations.MINUTE


def _code(value: object) -> str:
    text = str(value).zfill(4) if type(value) is int and 0 <= value < 10_000 else scalar(value)
    if text not in RESPONSE_CODES and text != FROM_AMOUNT:
        raise ValueError(f"is {quoted(text)}, neither a response code (tgpay-emulator cards lists them) nor "
                         f"{FROM_AMOUNT}{near(text, (*RESPONSE_CODES, FROM_AMOUNT))}")
    return text


def _ending(value: object) -> str:
    text = str(value).zfill(4) if type(value) is int and 0 <= value < 10_000 else scalar(value)
    endings = (PAID, *BUYER_FAILURES, *RESULTS)
    if text not in RESPONSE_CODES and text not in endings:
        raise ValueError(f"is {quoted(text)}, neither a response code nor one of "
                         f"{', '.join(endings)}{near(text, (*endings, *RESPONSE_CODES))}")
    return text


def _percent(value: object) -> int:
    number = scalar(value).removesuffix("%")
    if not (number.isascii() and number.isdecimal() and len(number) < 3 and int(number)):
        raise ValueError(f"is {quoted(value)}, not 1% to 99%")
    return int(number)


CODE = Kind(f"one of the {len(RESPONSE_CODES)} response codes, or {FROM_AMOUNT}", _code, "")
ENDING = Kind(f"{PAID}, a response code, a value of error, or one of result", _ending, PAID)
PERCENT = Kind("1% to 99%", _percent, 0, lambda value: f"{value}%")


@dataclass(frozen=True)
class Notify:
    """`notify`: what happens to the notifications of the order."""

    delay: int | None = key(DURATION, "delay of each notification")
    times: int = key(whole(1, 100, 1),
                     "how many times each is sent in sequence, whether acknowledged or not")
    again_after: int | None = key(DURATION, "sent once more after this time, even if acknowledged (ours)")
    drop: int = key(whole(1, 100, 0),
                    "how many first attempts of each are lost; with 100 it never arrives")
    wrong_sign: bool = key(SWITCH, "sent with an invalid signature")
    shuffle: bool = key(SWITCH, "earlier ones wait for the last one while the order is open, so that they "
                                "arrive out of order")
    duplicate: int = key(copies(20), "how many times each is sent at the same moment")
    altered: bool = key(SWITCH, "the amount is altered after signing (ours)")
    before_answer: bool = key(SWITCH, "sent before the response to the request (ours)")

    @property
    def forgery(self) -> str:
        """Why a receiver must not trust the notifications; empty if they are genuine."""
        if self.wrong_sign:
            return "its signature is invalid"
        return "its amount was altered after signing" if self.altered else ""

    def contradictions(self) -> Iterator[str]:
        """What cannot be together, in sentences."""
        yield from (f"before_answer and {name} exclude each other" for name in ("delay", "shuffle")
                    if self.before_answer and getattr(self, name))


@dataclass(frozen=True)
class Terminal:
    """`terminal`: what is wrong with the card terminal."""

    offline: bool = key(SWITCH, "the terminal is offline (1002)")
    busy: bool = key(SWITCH, "the terminal is busy (1001)")
    at: str = key(one_of(*STATES), "the terminal stays in this state")

    def contradictions(self) -> Iterator[str]:
        """What cannot be together, in sentences."""
        if len(given(self)) > 1:
            yield f"{' and '.join(given(self))} exclude each other"


@dataclass(frozen=True)
class Buyer:
    """`buyer`: what the payer of a waiting order does by themselves."""

    pays_after: int | None = key(DURATION, "the buyer pays after this time")
    declines_after: int | None = key(DURATION,
                                     "the buyer declines after this time, for the reason in error if given")
    never: bool = key(SWITCH, "the buyer does nothing, not even for a scanned code: the order waits until "
                              "it expires")

    def contradictions(self) -> Iterator[str]:
        """What cannot be together, in sentences."""
        if len(given(self)) > 1:
            yield f"{' and '.join(given(self))} exclude each other"


@dataclass(frozen=True)
class Then:
    """The outcome of a rule that fits.

    Durations are in milliseconds, None when they are left out; `approves` is in %.

    Without any key, the payment goes as without a scenario. A `settles_after` implies `pending`.
    """

    code: str = key(CODE, f"the issuer responds as for the test card of this code; {FROM_AMOUNT} takes the "
                          f"amount's digits (30.84 is 3084), "
                          "and the rule matches only if they are a code (ours)", CARDS)
    error: str = key(one_of(*BUYER_FAILURES), "error code with which the buyer's payment fails", WALLETS)
    result: str = key(one_of(*RESULTS), "result of the terminal transaction", TERMINALS)
    approves: int = key(PERCENT, "with PARTIAL_APPROVAL: the approved part of the amount (ours)", TERMINALS)
    pending: bool = key(SWITCH, "pending until you approve or refuse it", PAYMENTS)
    settles_after: int | None = key(DURATION, "how long it stays pending", PAYMENTS)
    settles_as: str = key(ENDING, f"result after settles_after; {PAID} by default", PAYMENTS)
    three_d: bool = key(SWITCH, "the issuer's page opens; the one-time code decides, or code where it is "
                                "given and not 3200 (ours)", CARDS)
    review: bool = key(SWITCH, "authorised, waiting for the merchant's review (ours)", CARDS)
    chargeback_after: int | None = key(DURATION, "paid at once, then charged back after this time (ours)",
                                       CARDS)
    is_success: str = key(one_of("F"),
                          "is_success is F in the response to a server-to-server card payment, whatever its "
                          "result, as in the document's sample; otherwise T", CARDS)
    delay: int | None = key(duration(LONGEST_DELAY), "delay of the response, in real time")
    fault: str = key(one_of(*FAULTS), f"how the response fails; nothing is processed with "
                                      f"{', '.join(NOTHING_HAPPENS)}, with all others the "
                                      "payment is committed")
    settlement: tuple[str, ...] = key(
        some_of(*Discrepancy), "discrepancies of the order's rows in the settlement file",
        (*PAYMENTS, "tgpayrefund", "tgpaycancel"))
    notify: Notify = table(Notify, "its notifications", PAYMENTS)
    terminal: Terminal = table(Terminal, "the card terminal", TERMINALS)
    buyer: Buyer = table(Buyer, "the payer of a waiting order", (*WALLETS, *CARDS))

    @property
    def speaks_of_cards(self) -> bool:
        """Whether it determines the answer of a card's issuer."""
        return (bool(self.code or self.three_d or self.review or self.waits)
                or self.chargeback_after is not None)

    @property
    def waits(self) -> bool:
        """Whether the payment is pending at first, because of `pending` or `settles_after`."""
        return self.pending or self.settles_after is not None

    def contradictions(self) -> Iterator[str]:
        """What cannot be together, in sentences."""
        names = given(self)
        for ones, others, why in EXCLUSIVE:
            both = [next((name for name in group if name in names), "") for group in (ones, others)]
            if all(both):
                yield f"{' and '.join(both)} exclude each other: {why}"
        yield from (sentence for wrong, sentence in CONTRADICTIONS if wrong(self))


_ONE_WAY = "cards, wallets and terminals are paid in different ways"
_WAITING = "it says itself when the payment is decided"
EXCLUSIVE: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("code", "three_d", "review", "chargeback_after", "is_success"),
     ("error", "result", "approves", "terminal"),
     _ONE_WAY),
    (("error",), ("result", "approves", "terminal"), _ONE_WAY),
    (("buyer",), ("result", "approves", "terminal"), _ONE_WAY),
    (("error", "three_d", "review", "chargeback_after", "buyer"), ("pending", "settles_after"), _WAITING),
    (("three_d",), ("review", "chargeback_after"), "a payment is one of them"),
    (("review",), ("chargeback_after",), "a payment is one of them"),
)


def _is_final(code: str) -> bool:
    return code == FROM_AMOUNT or (code != "" and RESPONSE_CODES[code].status is not CardStatus.PENDING)


def _is_paid(code: str) -> bool:
    return (code in ("", PENDING)
            or (code != FROM_AMOUNT and RESPONSE_CODES[code].status is CardStatus.SUCCESS))


# Combinations of keys that are refused, each with the reason.
CONTRADICTIONS: tuple[tuple[Callable[[Then], bool], str], ...] = (
    (lambda then: then.settles_as != PAID and then.settles_after is None, "settles_as needs settles_after"),
    (lambda then: then.approves > 0 and then.result != Result.PARTIAL_APPROVAL,
     f"approves needs result = {Result.PARTIAL_APPROVAL}"),
    (lambda then: then.waits and _is_final(then.code), "the code is final, so the payment cannot be pending"),
    (lambda then: then.waits and then.result not in ("", Result.UNDEFINED),
     "the result is final, so the transaction cannot be pending"),
    (lambda then: then.code != "" and then.settles_as not in (PAID, *RESPONSE_CODES),
     "a card payment settles as a code or as paid"),
    (lambda then: then.result != "" and then.settles_as not in (PAID, *RESULTS),
     "a transaction settles as a result or as paid"),
    (lambda then: then.review and then.code not in ("", PENDING), f"review needs code {PENDING}"),
    (lambda then: then.chargeback_after is not None and not _is_paid(then.code),
     "chargeback_after needs a code that is paid"),
    (lambda then: then.error != "" and (then.buyer.never or then.buyer.pays_after is not None),
     "a buyer who fails does not pay"),
    (lambda then: then.result != "" and (then.terminal.offline or then.terminal.busy),
     "a terminal that cannot be reached has no result"),
    (lambda then: then.fault in NOTHING_HAPPENS and not set(given(then)) <= {"fault", "delay"},
     "with this fault nothing is processed, so that it can only be combined with delay"),
    (lambda then: "missing" in then.settlement and not set(then.settlement) <= {"missing", "unknown_row"},
     "a missing row cannot have another discrepancy"),
)


def code_of_amount(written: str) -> str | None:
    """The response code whose digits are those of an amount: 3084 for `30.84`; None when they are no code."""
    try:
        digits = f"{money.minor(written):04d}"
    except ValueError:
        return None
    return digits if digits in RESPONSE_CODES else None

"""Bank cards: brands, checks, and the test cards, whose numbers determine the issuer's answer.

Whole card numbers are known in this module and in its callers only. It returns a `Presented`: the brand, the
first six and last four digits, and the outcome. Nothing else of a card is ever stored, logged or shown.
"""
import re
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from ..base import clock, durations
from . import card_schemes
from .card_schemes import passes_luhn
from .response_codes import APPROVED, DECLINED, PENDING, RESPONSE_CODES, CardStatus

REVIEW_PERIOD = durations.DAY
CHARGEBACK_AFTER = durations.DAY
SETTLES_AFTER = 5 * durations.SECOND
ONE_TIME_CODE = "123456"
MOST_WRONG_CODES = 3
REVOKED, REFUSED_IN_REVIEW, TIME_OVER, NO_REFUND, DUPLICATE = "0503", "0055", "3300", "0340", "3105"
INVALID_NUMBER, INVALID_VALIDITY, INVALID_CVV, INVALID_TOKEN = "3101", "3096", "3104", "0452"
WRONG_PIN, TOO_MANY_PINS, NOT_AUTHENTICATED, CHARGED_BACK = "3085", "3106", "3152", "3200"
# Why a card was answered as it was, by a key for translations.
REASONS = {
    "plain": "a plain success card", "luhn": "the number fails the Luhn check",
    "unknown": "the number is not a test card",
    "validity": "the card has expired, or its expiry date is not a month and a year of two digits"}
SCRIPTED_REASON = "the test card of code {code} was presented"
REFUSALS = ("1000", "1003", "0348", "0349", "3105")  # a payment with the test card of such a code is refused


class Brand(Struct, frozen=True):
    """A card scheme.

    `starts` is a regular expression for the first digits, which means the same in Python and JavaScript.
    `lengths` are the possible numbers of digits, and `cvv` is that of the verification code.
    """

    name: str
    starts: str
    lengths: tuple[int, ...] = (16,)
    cvv: int = 3


BRANDS = (
    Brand("Visa", "4", (13, 16, 19)),
    Brand("Mastercard", "5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"),
    Brand("American Express", "3[47]", (15,), 4),
    Brand("JCB", "352[89]|35[3-8]"),
    Brand("Discover", "6011|64[4-9]|65"),
    Brand("Diners Club", "30[0-5]|36|3[89]", (14,)),
)


class Outcome(Struct, frozen=True):
    """The issuer's answer to a card.

    `code` is the response code of the first answer, and `later` the code that follows `after` milliseconds.
    With a `challenge`, the issuer's page (3-D Secure) opens: when it is empty, the one-time code decides;
    else the payment ends with that code whatever the payer types. `review` is a payment that the merchant has
    to review.
    """

    code: str
    later: str = ""
    after: int | None = None
    challenge: str | None = None
    review: bool = False

    @property
    def status(self) -> CardStatus:
        """The status of the order after the first answer. Code 3200 stands for two different ones."""
        return CardStatus.PENDING_REVIEW if self.review else RESPONSE_CODES[self.code].status


class Presented(Struct, frozen=True):
    """A card as it may be stored.

    `why` says for the journal which rule gave the outcome. `faulty` is true when wrong card data did. `hint`
    is a sentence for the client.
    """

    brand: str
    first6: str
    last4: str
    outcome: Outcome
    why: str
    hint: str = ""
    faulty: bool = False

    @property
    def masked(self) -> str:
        """The masked number, such as `400002******0003`; empty when there is no number."""
        return f"{self.first6}******{self.last4}" if self.first6 else ""


REVIEWED = "00001"
# The outcome of a test card, by code and variant, where the code alone does not determine it.
VARIANTS: Mapping[tuple[str, str], tuple[Outcome, str]] = {
    ("3200", "00000"): (Outcome(PENDING, challenge=""),
                        "3-D: the issuer's page asks for the one-time code 123456"),
    ("3200", REVIEWED): (Outcome(PENDING, REFUSED_IN_REVIEW, REVIEW_PERIOD, review=True),
                         "authorised, pending the merchant's review; canceled after 24 h"),
    ("3200", "00002"): (Outcome(APPROVED, CHARGED_BACK, CHARGEBACK_AFTER),
                        "paid at once, charged back 1 day later"),
    ("3150", "00000"): (Outcome("3150"), "pending until you approve or refuse it"),
    ("3150", "00001"): (Outcome("3150", APPROVED, SETTLES_AFTER), "pending, paid after 5 s"),
    ("3150", "00002"): (Outcome("3150", DECLINED, SETTLES_AFTER), "pending, failed (3020) after 5 s"),
    ("3095", "00000"): (Outcome("3095"), "pending until you approve or refuse it"),
    ("3095", "00001"): (Outcome("3095", APPROVED, SETTLES_AFTER), "pending, paid after 5 s"),
    ("3095", "00002"): (Outcome("3095", DECLINED, SETTLES_AFTER), "pending, failed (3020) after 5 s"),
    ("0300", "00000"): (Outcome("0300"), "pending until you approve or refuse it"),
    **{(code, "00000"): (Outcome(PENDING, challenge=code),
                         f"3-D: the issuer's page ends in {code}, whatever code is entered")
       for code in (NOT_AUTHENTICATED, WRONG_PIN, TOO_MANY_PINS)},
}
ENDS = {CardStatus.SUCCESS: "paid", CardStatus.FAILED: "declined", CardStatus.EXPIRED: "expired",
        CardStatus.CANCELED: "canceled"}
TURNED_AWAY = "refused, nothing is processed"
AT_ONCE = (*ENDS.values(), TURNED_AWAY)
PLAIN = card_schemes.PLAIN
_SCRIPTED = re.compile(rf"{card_schemes.PREFIX}(\d{{4}})(\d{{5}})\d", re.ASCII)
_LONG_NUMBER = re.compile(r"\d{12,}", re.ASCII)
# A hint without any number, because it is stored with the order.
USE_A_TEST_CARD = "use a test card; tgpay-emulator cards and GET /_emulator/cards list them"


class TestCard(Struct, frozen=True):
    """A row of the list of test cards.

    `code` and `status` are those of the first answer; `means` says what follows.
    """

    number: str
    brand: str
    code: str
    status: str
    message: str
    means: str

    @property
    def keys(self) -> tuple[str, str]:
        """What names its `means`, the more special first: code and variant, and the status."""
        return f"{self.code}.{self.number[10:15]}", self.status


def test_cards() -> list[TestCard]:
    """All test cards: those of each brand that are approved, then for each code its card and the card's
    variants.
    """
    cards = [_test_card(number, APPROVED, (Outcome(APPROVED), "paid")) for number in PLAIN]
    for code in RESPONSE_CODES:
        others = [variant for other, variant in VARIANTS if other == code and variant != "00000"]
        for variant in ("00000", *others):
            cards.append(_test_card(number_of(code, variant), code, outcome(code, variant)))
    return cards


def _test_card(number: str, code: str, leads_to: tuple[Outcome, str]) -> TestCard:
    scheme = brand(number)
    status = "refused" if code in REFUSALS else str(leads_to[0].status)
    return TestCard(number, scheme.name if scheme else "", code, status, RESPONSE_CODES[code].message,
                    leads_to[1])


def outcome(code: str, variant: str = "00000") -> tuple[Outcome, str]:
    """The outcome of a test card, and the same in words. An unknown variant is treated as `00000`."""
    listed = VARIANTS.get((code, variant)) or VARIANTS.get((code, "00000"))
    return listed or (Outcome(code), TURNED_AWAY if code in REFUSALS else ENDS[RESPONSE_CODES[code].status])


def grouped(number: str) -> str:
    """A number in the groups that are printed on cards: `4111 1111 1111 1111`, `3782 822463 10005`."""
    if len(number) in (14, 15):
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return " ".join(number[place:place + 4] for place in range(0, len(number), 4))


def number_of(code: str, variant: str = "00000") -> str:
    """The number of the test card for a code and variant."""
    partial = f"{card_schemes.PREFIX}{code}{variant}"
    return next(partial + digit for digit in "0123456789" if passes_luhn(partial + digit))


def numbers_in(written: str) -> set[str]:
    """The runs of 12 or more digits in a text."""
    return set(_LONG_NUMBER.findall(written))


def opens_the_issuers_page(number: str) -> bool:
    """Whether a payment with this card opens the issuer's page (3-D Secure)."""
    scripted = _scripted(number)
    return scripted is not None and scripted[0].challenge is not None


def brand(number: str) -> Brand | None:
    """The scheme of a card number, None when no scheme has such numbers."""
    return next((brand for brand in BRANDS if len(number) in brand.lengths
                 and re.match(brand.starts, number)), None)


def present(fields: Mapping[str, str], now: int, zone_name: str) -> Presented:
    """The issuer's answer to the card of a pay_info (`cardNo`, `expirationMonth`, `expirationYear`, `cvv`).

    Declined are an invalid or unknown number (3101), an expired or malformed validity (3096) and a
    verification code of the wrong length (3104). `now` is an instant; `zone_name` is the time zone in which
    the validity ends.
    """
    number = fields["cardNo"]
    if not _digits(number, 12, 30) or not passes_luhn(number):
        return Presented("", "", "", Outcome(INVALID_NUMBER), REASONS["luhn"],
                         USE_A_TEST_CARD, True)
    scheme = brand(number)
    card = Presented(scheme.name if scheme else "", number[:6], number[-4:], Outcome(APPROVED),
                     REASONS["plain"])
    scripted = _scripted(number)
    if scheme is None or (scripted is None and number not in PLAIN):
        return replace(_faulty(card, INVALID_NUMBER, REASONS["unknown"]), hint=USE_A_TEST_CARD)
    if not valid_through(fields["expirationMonth"], fields["expirationYear"], now, zone_name):
        return _faulty(card, INVALID_VALIDITY, REASONS["validity"])
    if not _digits(fields["cvv"], scheme.cvv, scheme.cvv):
        return _faulty(card, INVALID_CVV, f"the verification code of {scheme.name} has {scheme.cvv} digits")
    return replace(card, outcome=scripted[0], why=scripted[1]) if scripted else card


def _faulty(card: Presented, code: str, why: str) -> Presented:
    return replace(card, outcome=Outcome(code), why=why, faulty=True)


def typed(fields: Mapping[str, str]) -> dict[str, str]:
    """The card fields of a form in the format of pay_info.

    Blanks and dashes are removed from the number, and the month gets two digits.
    """
    number = fields["cardNo"].replace(" ", "").replace("-", "")
    return {**fields, "cardNo": number, "expirationMonth": fields["expirationMonth"].zfill(2)}


def _scripted(number: str) -> tuple[Outcome, str] | None:
    """The outcome of the test card of a code and a sentence about it; None when the number is none."""
    match = _SCRIPTED.fullmatch(number)
    if not match or match[1] not in RESPONSE_CODES:
        return None
    answer, means = outcome(match[1], match[2])
    return answer, f"{SCRIPTED_REASON.format(code=match[1])}: {means}"


def valid_through(month: str, year: str, now: int, zone_name: str) -> bool:
    """Whether a card is still valid at the instant `now`; it is until the end of its month in the time zone.
    """
    if not _digits(month, 2, 2) or not _digits(year, 2, 2) or not 1 <= int(month) <= 12:
        return False
    today = clock.moment(now, zone_name)
    return (2000 + int(year), int(month)) >= (today.year, today.month)


def told(code: str, by: str) -> Presented:
    """A Visa card with the outcome `code`, for a payment that `by` (a rule or a person) decides."""
    number = PLAIN[2]
    return Presented("Visa", number[:6], number[-4:], Outcome(code), f"decided by {by}")


def _digits(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and least <= len(text) <= most


def unknown_voucher(why: str) -> Presented:
    """The declined card (0452) of a cardVoucher that is unknown, used or expired; `why` says which."""
    return Presented("", "", "", Outcome(INVALID_TOKEN), why)

"""Seeded wallet buyers, and payment codes that decide what a buyer does.

A buyer, like a trade number, belongs to an order: the same seed, merchant and order number give the same one.
"""
from msgspec import Struct

from ..base import randomness

ALIPAY, WECHAT = "alipay", "wechat"
WALLETS = (ALIPAY, WECHAT)
_MOBILE_PREFIXES = ("135", "136", "138", "139", "150", "158", "186", "188")
_MAIL_HOSTS = ("163.com", "126.com", "qq.com", "sina.com")


class Buyer(Struct, frozen=True):
    """The buyer as the merchant sees it.

    WeChat discloses the openid, and neither login nor e-mail; Alipay discloses all three, partly masked.
    """

    id: str
    login: str
    email: str


def buyer(seed: str, wallet: str, *order: str) -> Buyer:
    """The buyer of an order (`merchants_id`, `out_trade_no`)."""
    if wallet == WECHAT:
        return Buyer(openid(seed, *order), "", "")
    number = randomness.derive(seed, "buyer", *order)
    prefix = _MOBILE_PREFIXES[number % len(_MOBILE_PREFIXES)]
    host = _MAIL_HOSTS[number // 8 % len(_MAIL_HOSTS)]
    name = randomness.letters(3, seed, "mailbox", *order).lower()
    return Buyer(f"2088{randomness.digits(12, seed, 'buyer', *order)}",
                 f"{prefix}****{randomness.digits(4, seed, 'login', *order)}", f"{name}***@{host}")


def name(seed: str, *order: str) -> str:
    """The buyer's name on the wallet's page, with its first part masked as Alipay does."""
    from faker import Faker

    invented = Faker("zh_CN")
    invented.seed_instance(randomness.derive(seed, "name", *order))
    return f"*{invented.name()[1:]}"


def openid(seed: str, *names: str) -> str:
    """A WeChat openid: 28 characters beginning with `o`."""
    return "o" + randomness.letters(27, seed, "openid", *names)


def trade_number(seed: str, wallet: str, day: str, *order: str) -> str:
    """The wallet's number of a payment: 28 digits, for Alipay beginning with the day (`20210607`)."""
    if wallet == WECHAT:
        before = randomness.digits(6, seed, "trade", *order)
        after = randomness.digits(10, seed, "trade number", *order)
        return f"4200{before}{day}{after}"
    return f"{day}22001{randomness.digits(15, seed, 'trade', *order)}"


def card_order_id(seed: str, day: str, *attempt: object) -> str:
    """The acquirer's number of a card payment: 24 digits beginning with the day.

    Each attempt (merchant, order, count) has its own.
    """
    return f"{day}{randomness.digits(16, seed, 'card', *attempt)}"


class TestCode(Struct, frozen=True):
    """A payment code that decides what the buyer does: the wallet's prefix, and this ending.

    The payment fails with `failure`; if that is empty, the buyer must confirm on the phone.
    """

    ending: str
    failure: str
    means: str


PREFIXES = {ALIPAY: "28", WECHAT: "13"}
CODE_ENDING = "77777777777"
TEST_CODES = tuple(TestCode(CODE_ENDING + number, failure, means) for number, failure, means in (
    ("00001", "", "the buyer must confirm on the phone: UNKNOWN, the order waits"),
    ("00002", "BUYER_BALANCE_NOT_ENOUGH", "the buyer's balance is not enough"),
    ("00003", "BUYER_ENABLE_STATUS_FORBID", "the buyer's account is restricted"),
    ("00004", "BEYOND_PAY_RESTRICTION", "the payment exceeds the buyer's limit"),
    ("00005", "PAYMENT_AUTH_CODE_INVALID", "the payment code is invalid or used already"),
))


def payment_code(seed: str, wallet: str, number: int) -> str:
    """The payment code with this number on a buyer's phone, 18 digits; its buyer pays."""
    return PREFIXES[wallet] + randomness.digits(16, seed, "payment code", wallet, number)


def test_code(code: str) -> TestCode | None:
    """The table row of a payment code, or None if its buyer just pays."""
    return next((row for row in TEST_CODES if code.endswith(row.ending)), None)

"""The JSON documents of section 7.2: pay_info, risk_info and sub_account_data."""
import ipaddress
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...base import money
from ...protocol.nested import document, read
from ...protocol.parameters import TEXT, Format, Need, Param, Source, one_of, pattern

CARD_FIELDS = ("cardNo", "expirationMonth", "expirationYear", "cvv")
PARTS = ("amount", "amt", "fee")


def _calendar(name: str, form: str) -> Format:
    """A format for a date or time that `strptime` reads with `form`."""
    def problem(value: str) -> str | None:
        try:
            real = (value.isascii() and value.isdecimal()
                    and datetime.strptime(value, form).strftime(form) == value)
        except ValueError:
            real = False
        return None if real else f"is not {name}"
    return Format(name, problem)


def _ip_problem(value: str) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "is neither an IPv4 nor an IPv6 address"
    return None


INSTANT = _calendar("a time, yyyyMMddHHmmss", "%Y%m%d%H%M%S")
DAY = _calendar("a date, yyyyMMdd", "%Y%m%d")
DIGITS = pattern("digits", r"\d+")
WHOLE = pattern("a whole number", r"-?\d+")
NUMBER = pattern("a number", r"\d+(\.\d+)?")
EMAIL = pattern("an e-mail address", r"[^@\s]+@[^@\s]+\.[^@\s]+")
COUNTRY = pattern("a country of two capital letters", r"[A-Z]{2}")
TRUE_FALSE, YES_NO = one_of("true", "false"), one_of("yes", "no")
IP = Format("an IPv4 or IPv6 address", _ip_problem)


def _row(name: str, format: Format, length: int | None, meaning: str, example: str = "",
         source: Source = Source.DOCUMENTED) -> Param:
    return Param(name, Need.OPTIONAL, format, example, meaning, length, source=source)


def _address(group: str) -> tuple[Param, ...]:
    """The rows that a delivery address and a billing address have in common."""
    return (_row(f"{group}.street", TEXT, 256, "street"),
            _row(f"{group}.postalCode", TEXT, 16, "postal code"),
            _row(f"{group}.city", TEXT, 50, "city"), _row(f"{group}.state", TEXT, 128, "state or province"),
            _row(f"{group}.country", COUNTRY, 2, "country", "CN"))


RISK_ROWS = (
    _row("adjustmentFactor", WHOLE, 5, "adjustment of the risk score, may be negative", "-10"),
    _row("retryNum", WHOLE, 2, "how often the order was tried in all channels", "2"),
    _row("trade.code", TEXT, 4, "kind of trade", "4000"),
    _row("trade.item", TEXT, 10240, "parameters of the trade"),
    _row("device.fingerPrintId", TEXT, 128, "fingerprint of the device"),
    _row("cust.registrationTime", INSTANT, 14, "when the customer registered, UTC", "20170607125959"),
    _row("cust.pastTransactions", DIGITS, 10, "number of earlier transactions of the customer"),
    _row("cust.phoneNum", TEXT, 32, "mobile number without the country's code"),
    _row("cust.phoneVerified", TRUE_FALSE, 5, "whether the number is verified"),
    _row("cust.phoneVerifiedTime", INSTANT, 14, "when it was verified"),
    _row("cust.emailVerified", TRUE_FALSE, 5, "whether the address is verified", source=Source.INFERRED),
    _row("cust.dateOfBirth", DAY, 8, "birthday", "20170607"),
    _row("cust.gender", one_of("male", "female"), 6, "the second value is printed emale",
         source=Source.INFERRED),
    _row("cust.firstShoppingTime", INSTANT, 14, "first purchase"),
    _row("cust.registerUserId", TEXT, 32, "the merchant's number of the customer"),
    _row("cust.ip", IP, 128, "source of the order", "180.168.145.74"),
    _row("cust.email", EMAIL, 256, "contact"),
    _row("cust.level", DIGITS, 2, "level of the customer, the more the higher", "9"),
    _row("cust.lastShoppingTime", INSTANT, 14, "last purchase"),
    _row("order.source", one_of("desktop_web", "mobile_web", "mobile_app", "web", "chat", "third_party",
                                "phone", "shopify", "other"), 14,
         "place of the order"),
    _row("order.createTime", INSTANT, 14, "time of the order"),
    _row("order.updateTime", INSTANT, 14, "when it was changed last"),
    _row("order.payProcessor", TEXT, 32, "who processes the payment"),
    _row("order.totalDiscounts", NUMBER, 12, "total of discounts"),
    _row("order.discounts[].amount", NUMBER, 12, "one discount", source=Source.INFERRED),
    _row("order.discounts[].code", TEXT, 512, "its code", source=Source.INFERRED),
    _row("goods[].id", TEXT, 32, "number of the goods"), _row("goods[].title", TEXT, 256, "label"),
    _row("goods[].category", TEXT, 18, "category"), _row("goods[].subCategory", TEXT, 64, "second category"),
    _row("goods[].thirdCategory", TEXT, 64, "third category"), _row("goods[].brand", TEXT, 18, "brand"),
    _row("goods[].itemName", TEXT, 256, "name"),
    _row("goods[].itemPrice", NUMBER, 12, "price of one, in minor units", "800"),
    _row("goods[].deliveryTimeFrame",
         one_of("electronic_delivery", "same_day_shipping", "overnight_shipping",
                "two_or_more_days_shipping"), 32, "when it is delivered"),
    _row("goods[].deliveryDate", DAY, 8, "when it is sent", "20170607"),
    _row("goods[].url", TEXT, 512, "its page"), _row("goods[].sku", TEXT, 500, "stock keeping unit"),
    _row("goods[].quantity", NUMBER, 12, "how many", "1"),
    _row("goods[].isGift", YES_NO, 3, "whether it is a gift"),
    _row("goods[].isVirtual", YES_NO, 3, "whether it is virtual"),
    _row("buried[].code", TEXT, 4, "tracking model", "CB07"),
    _row("buried[].item", TEXT, 2048, "tracking data"),
    _row("ship.price", NUMBER, 32, "price of the delivery"),
    _row("ship.title", TEXT, 128, "kind of delivery"),
    _row("ship.addressIndicator",
         one_of("ship_to_billing_address", "ship_to_verified_address", "ship_to_new_address", "ship_to_store",
                "digital_goods", "goods_not_shipped", "other"), 32, "what the address is"),
    _row("ship.phoneNo", TEXT, 128, "telephone"), _row("ship.firstName", TEXT, 128, "first name"),
    _row("ship.lastName", TEXT, 128, "last name"), *_address("ship"),
    _row("ship.addressLastModifyTime", INSTANT, 14, "when the address was changed last"),
    _row("ship.phoneLastModifyTime", INSTANT, 14, "when the telephone was changed last"),
    _row("bill.addressNum", TEXT, 256, "number or name of the house"), *_address("bill"),
    _row("bill.houseNumberOrName", TEXT, 40, "number or name of the house"),
)
PAY_ROWS = (
    # These four have no format and no length here: wrong values are declined by the issuer, not refused.
    _row("cardNo", TEXT, None, "a test card's number, digits only; else 3101"),
    _row("expirationMonth", TEXT, None, "two digits, 01 to 12; else, or when past, 3096"),
    _row("expirationYear", TEXT, None, "two digits; else, or when past, 3096"),
    _row("cvv", TEXT, None, "three digits, American Express four; else 3104"),
    _row("firstName", TEXT, 128, "the cardholder's first name"),
    _row("lastName", TEXT, 128, "the cardholder's last name"),
    _row("cardVoucher", TEXT, 64,
         "created by TGPay.createCardVoucher, instead of the card; 0452 if unknown, used or expired"),
    _row("billingDesc", TEXT, 36, "text on the cardholder's bill"),
)


def card_or_voucher(given: Mapping[str, Any]) -> str | None:
    """The problem of a pay_info that has neither a whole card nor a cardVoucher, or both; else None."""
    sent = [name for name in CARD_FIELDS if given.get(name) not in (None, "")]
    if given.get("cardVoucher"):
        return f"{', '.join(sent)} must not be sent together with cardVoucher" if sent else None
    missing = [name for name in CARD_FIELDS if name not in sent]
    if not missing:
        return None
    return f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing"


PAY_INFO = document("JSON, its rows below", PAY_ROWS, (card_or_voucher,), numbers=True)
RISK_INFO = document("JSON, its rows below", RISK_ROWS)


def pay_info(written: str) -> dict[str, str]:
    """The values of a pay_info that was checked; those that are missing are empty."""
    given = read(written)
    return {row.name: str(given.get(row.name) or "") for row in PAY_ROWS}


def _parts_problem(written: str) -> str | None:
    try:
        parts(written)
    except ValueError as error:
        return str(error)
    return None


def _parts_finding(written: str) -> tuple[str, str] | None:
    """The finding about amounts with leading zeros, in a text that has no problem."""
    amounts = [str(amount) for amount in _amounts_in(read(written))]
    padded = [amount for amount in amounts if money.has_leading_zeros(amount)]
    return ("LEADING_ZEROS", f"has zeros before a number, as in {padded[0]}") if padded else None


SUB_ACCOUNT_DATA = Format("JSON with the amount of each part, as decimal text", _parts_problem,
                          finding=_parts_finding)


def parts(written: str) -> int:
    """The sum of the parts in a sub_account_data, in minor units. Raises ValueError with a sentence.

    The document does not describe the format. Every member whose name ends in `amount`, `amt` or `fee` is
    added; if there is none, the object is read as pairs of a sub-merchant and its amount (inferred).
    """
    given = read(written)
    if not isinstance(given, (dict, list)):
        raise ValueError("is neither a JSON object nor a list")
    try:
        amounts = _amounts_in(given)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    if not amounts:
        raise ValueError("has no amount in it")
    return sum(_minor(amount) for amount in amounts)


def _amounts_in(given: Any) -> list[Any]:
    """The amounts in a sub_account_data, as they are written."""
    named = list(_amounts(given))
    if named or not isinstance(given, dict):
        return named
    return list(given.values())


def _amounts(given: Any) -> Iterator[Any]:
    """The values of all members, at any depth, that are named as amounts."""
    for name, value in given.items() if isinstance(given, dict) else enumerate(given):
        if isinstance(value, (dict, list)):
            yield from _amounts(value)
        elif isinstance(name, str) and name.lower().endswith(PARTS):
            yield value


def _minor(amount: Any) -> int:
    """An amount in minor units. Raises ValueError with a sentence."""
    is_scalar = isinstance(amount, (str, int, float)) and not isinstance(amount, bool)
    written = str(amount) if is_scalar else ""
    if not re.fullmatch(r"0*\d{1,7}(\.\d{1,2})?", written, re.ASCII):
        raise ValueError("has an amount that is not a decimal number with at most two places")
    return money.minor(written)


def card_number(params: Mapping[str, str]) -> str:
    """The card number in a request's pay_info, empty when there is none."""
    return pay_info(params["pay_info"])["cardNo"] if "pay_info" in params else ""

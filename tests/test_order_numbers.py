"""Numbers that merchants and wallets give are not taken for card numbers: a request with one is not refused,
and nothing is hidden of it.
"""
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tgpay_emulator.protocol.card_numbers import suspects
from tgpay_emulator.protocol.masking import Mask

from .driver import Shop, luhn_digit
from .tables import every_row

Number = Callable[[random.Random], str]
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
MERCHANTS = ("201703200001", "299812340007")
ALIPAY, LENGTHS = range(25, 31), range(14, 23)  # the first two digits of a code, and how many follow
MANY, VERY_MANY = 1_000, 60_000  # of each form: a million in all


def digits(chance: random.Random, count: int) -> str:
    return f"{chance.randrange(10**count):0{count}d}"


def moment(form: str) -> Number:
    return lambda chance: (BEGIN + timedelta(seconds=chance.randrange(5 * 365 * 86_400))).strftime(form)


def after(first: Number, count: int, between: str = "") -> Number:
    return lambda chance: f"{first(chance)}{between}{digits(chance, count)}"


def milliseconds(chance: random.Random) -> str:
    return str(chance.randrange(1_700_000_000_000, 1_900_000_000_000))


def alipay_code(chance: random.Random) -> str:
    return f"{chance.choice(ALIPAY)}{digits(chance, chance.choice(LENGTHS))}"


FORMS: dict[str, Number] = {
    "merchant and serial": lambda chance: f"{chance.choice(MERCHANTS)}{digits(chance, 8)}",
    "merchant, dash and serial": lambda chance: f"201703200001-{digits(chance, 4)}-{digits(chance, 4)}",
    "date, time and serial": after(moment("%Y%m%d%H%M%S"), 4),
    "date and serial, with dashes": after(moment("%Y-%m-%d"), 6, "-"),
    "milliseconds": milliseconds, "milliseconds and serial": after(milliseconds, 3),
    "UUID": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "digest": lambda chance: f"{chance.getrandbits(128):032x}",
    "letters and digits": lambda chance: f"{''.join(chance.choices(LETTERS, k=3))}-{digits(chance, 10)}",
    "words of cards": lambda chance: f"{chance.choice(('CVC', 'cvv', 'CARDNO'))}-{digits(chance, 8)}",
    "number that counts milliseconds": lambda chance: str(chance.randrange(10**17, 2 * 10**18)),
    "sixteen digits": lambda chance: digits(chance, 16), "eighteen digits": lambda chance: digits(chance, 18),
    "Alipay's trade number": after(moment("%Y%m%d22001"), 15),
    "WeChat's trade number": after(moment("42000%Y%m%d"), 15),
    "Alipay's payment code": alipay_code,
    "WeChat's payment code": lambda chance: f"{chance.randrange(10, 16)}{digits(chance, 16)}",
}
# In a remark, where it is no order's number, one in ten of those in a card's range passes for a card number.
LISTS: dict[str, Number] = {
    "quantities": lambda chance: str([chance.randrange(10) for _ in range(20)]),
    "quantities up to 99": lambda chance: ",".join(str(chance.randrange(1, 100)) for _ in range(12)),
    "ids": lambda chance: str([chance.randrange(100, 100_000) for _ in range(30)]),
    "Analytics": lambda chance: f"_ga=GA1.2.{digits(chance, 9)}.{digits(chance, 10)}",
    "goods": lambda chance: str([{"id": digits(chance, 8), "n": chance.randrange(20)} for _ in range(4)])}
RATES = {"sixteen digits": 0.06, "eighteen digits": 0.05, "number that counts milliseconds": 0.02,
         "Alipay's payment code": 0.01}


def requests(name: str, count: int) -> list[str]:
    chance = random.Random(f"order numbers: {name}")
    return [FORMS[name](chance) for _ in range(count)]


def wronged(numbers: list[str]) -> list[str]:
    """The order numbers that are refused or hidden, alone and repeated where merchants repeat them."""
    found = []
    for number in numbers:
        page = f"https://shop.example/o/{number}?paid=1"
        params = {"out_trade_no": number, "reference": f"order {number}", "return_url": page}
        mask = Mask(params)
        if mask.problems or mask.params != params or mask.text(number) != number:
            found.append(number)
    return found


@pytest.mark.parametrize("count", [MANY, pytest.param(VERY_MANY, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", FORMS)
def test_no_order_number_is_refused_or_hidden(name: str, count: int) -> None:
    assert wronged(requests(name, count)) == []


@pytest.mark.parametrize("count", [MANY, pytest.param(VERY_MANY, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", FORMS)
def test_few_numbers_of_others_pass_for_a_card_s_in_a_remark(name: str, count: int) -> None:
    share = sum(map(suspects, requests(name, count))) / count
    print(f"{name}: {share:.5f} of {count}")
    assert share <= RATES.get(name, 0.001)


@pytest.mark.exhaustive
@every_row("name", LISTS)
def test_lists_of_numbers_hardly_ever_pass_for_a_card_s(name: str) -> None:
    chance = random.Random(f"lists: {name}")
    assert sum(suspects(LISTS[name](chance)) for _ in range(MANY)) <= MANY * 0.005


@every_row("text", [
    "+44 20 7946 0958", "+49 151 1234 5678", "+86 138 0013 8000", "(415) 555-2671, (415) 555-2672",
    "2026-11-28 19:11:50", "30.01.2026 19:11:50", "26/11/2028 19:11:50.12",
    "2026-11-28T19:11:50.123456+08:00",
    "DE39 6641 9381 7270 0982 02", "192.168.100.200:8080", "45.33.32.156:8080", "1711111111111",
    "12.50, 13.99, 45.00, 99.95, 4.20", "4200001234202611281234567890",
    "https://shop.example/2026/11/28/0042/7?t=1711111111111", "http://127.0.0.1:9/cb/36227205/551234",
    "https://shop.example/45320151/12830374?t=1711111111111", "550e8400-e29b-41d4-a716-446655440000",
    "0821032398-1711111111111", "17 x 4.00 | 3 x 52.50 | 2 x 36.00"])
def test_what_is_no_card_number_is_taken_in_a_remark(shop: Shop, text: str) -> None:
    number = shop.number()
    assert shop.qr_order(out_trade_no=number, reference=text)["is_success"] == "T"
    assert shop.story(number)["details"]["reference"] == text


def test_a_plain_number_that_might_be_a_card_s_is_an_order_number(shop: Shop) -> None:
    partial = "453201511283037"
    number = partial + luhn_digit(partial)
    answer = shop.qr_order(out_trade_no=number, reference=f"order {number}")
    assert (answer["is_success"], answer["out_trade_no"]) == ("T", number)
    assert shop.journal(answer)["params"]["reference"] == f"order {number}"
    assert shop.control.get(f"/orders/{shop.merchants_id}/{number}")["out_trade_no"] == number

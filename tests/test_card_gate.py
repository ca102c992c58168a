"""A card number outside pay_info is refused and nowhere kept, whatever its scheme, encoding and place.

Each case has a number of its own. When all requests have been made, what is left of them is searched.
"""
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import parse

import pytest

from .driver import ALIPAY_CODE, Answer, Control, Receiver, Server, Shop, exchange
from .tables import every_row
from .written_cards import FORMS, SCHEMES, card, in_groups, script

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Send = Callable[[Shop], Answer]
FREE = {  # parameters that are kept or told of each kind of request
    "tgpayqrcode": ("reference", "notify_url", "undeclared", "merchants_id"),
    "tgpaybarcode": ("reference", "notify_url"), "tgpayh5": ("reference", "account", "return_url", "cardNo"),
    "tgpayprepay": ("attach", "body", "goods_info", "device_info", "buyer_email"),
    "tgpaybankcard": ("reference", "goods_name", "goods_info", "redirect_url", "sub_account_data",
                      "risk_info"),
    "tgpaywebtoterminal": ("reference", "terminal_type", "notify_url"), "tgpayrefund": ("refund_reson",),
    "tgpayquery": ("undeclared",), "tgpayuserinfo": ("user",), "tgpaygetopenid": ("client_url",)}
IDENTIFIERS = ("out_trade_no", "terminal_id", "account_id", "out_refund_id")
INSIDE = {  # what surrounds the number in a value that has a form of its own
    "notify_url": "http://127.0.0.1:9/n/{}?x=1", "return_url": "http://127.0.0.1:9/?card={}",
    "redirect_url": "http://127.0.0.1:9/#{}", "client_url": "http://127.0.0.1:9/{}",
    "buyer_email": "{}@shop.example",
    "risk_info": '{{"goods":[{{"sku":"{}"}}]}}', "sub_account_data": '[{{"id":"{}","amount":"0.5"}}]'}


@dataclass(frozen=True)
class Case:
    """A request with a number in it; `value` is how it is written, `named` what a refusal says has it."""

    number: str
    value: str | bytes
    send: Send
    named: str = ""


def asked(endpoint: str, **params: Any) -> Send:
    """A request that would be taken without its hostile value, posted."""
    base: dict[str, dict[str, Any]] = {
        "tgpayqrcode": {"trans_amount": "1.00"},
        "tgpaybarcode": {"trans_amount": "1.00", "buyer_identity_code": ALIPAY_CODE},
        "tgpayh5": {"total_fee": "1.00", "pay_type": "alipay", "scene_type": "WAP_PAY"},
        "tgpayprepay": {"trans_amount": "1.00", "pay_type": "alipay", "trade_type": "APP"},
        "tgpaywebtoterminal": {"pay_type": "webtoterminal", "operation": "sale", "trans_amount": "1.00"},
        "tgpayrefund": {"refund_amount": "1.00"}, "tgpayuserinfo": {"user": "nobody", "password": "x"}}

    def send(shop: Shop) -> Answer:
        if endpoint == "tgpaybankcard":
            return shop.card_payment(**params)
        given = {"out_trade_no": shop.number(), **base.get(endpoint, {}), **params}
        return shop.ask(endpoint, "POST", **given)
    return send


def sent_as_it_is(value: bytes) -> Send:
    """A reference of bytes that are not UTF-8, signed as it is."""
    def send(shop: Shop) -> Answer:
        params = {"merchants_id": shop.merchants_id, "out_trade_no": shop.number(), "trans_amount": "1.00",
                  "reference": value.decode("utf-8", "surrogateescape")}
        text = "&".join(f"{name}={params[name]}" for name in sorted(params)) + shop.token
        sign = hashlib.md5(text.encode("utf-8", "surrogateescape")).hexdigest()
        body = parse.urlencode({**params, "sign": sign}, errors="surrogateescape")
        return posted(body.encode())(shop)
    return send


def posted(body: bytes, path: str = "/v2/tgpayqrcode.php", headers: dict[str, str] = FORM,
           method: str = "POST") -> Send:
    return lambda shop: exchange(f"{shop.control.url}{path}", method, body, headers)


def refused_cases() -> Iterator[tuple[str, Case]]:
    """Requests that are refused because of the number, in the step of the parameters."""
    place = 1
    for name, (prefix, length) in SCHEMES.items():
        number, place = card(place, prefix, length), place + 1
        send = asked("tgpayqrcode", reference=number)
        yield f"{name} in reference", Case(number, number, send, "reference")
    for name, form in FORMS.items():
        number, place = card(place), place + 1
        value = form(number)
        send = sent_as_it_is(value) if isinstance(value, bytes) else asked("tgpayqrcode", reference=value)
        yield f"{name} in reference", Case(number, value, send, "reference")
    for endpoint, names in FREE.items():
        for name in names:
            number, place = card(place), place + 1
            value = INSIDE.get(name, "{}").format(number)
            named = "" if name in ("merchants_id", "user") else name  # refused before the parameters
            yield f"{endpoint}, {name}", Case(number, value, asked(endpoint, **{name: value}), named)
    for name in IDENTIFIERS:
        for form in (in_groups(" "), in_groups("-"), script(0xFF10)):
            number, place = card(place), place + 1
            value = form(number)
            send = asked("tgpayrefund", **{name: value})
            yield f"identifier {name}, {value}", Case(number, value, send, name)


def other_cases() -> Iterator[tuple[str, Case]]:
    """Requests that are refused for another reason, or whose number is in no value."""
    places = iter(range(1_000, 2_000))

    def case(name: str, make: Callable[[str], Send]) -> tuple[str, Case]:
        number = card(next(places))
        return f"{name}, {number}", Case(number, number, make(number))

    yield case("name of a parameter", lambda one: asked("tgpayqrcode", **{one: "1"}))
    yield case("part of a name", lambda one: asked("tgpayqrcode", **{f"x[{in_groups(' ')(one)}]": "1"}))
    for path in ("/v2/{}.php", "/v2/x/{}", "/api/{}.php", "/_emulator/orders/{}/1", "/_emulator/{}",
                 "/pay/{}", "/{}", "/demo/{}"):
        for way in (str, in_groups("-"), in_groups("%20")):
            yield case(f"path {path}", lambda one: posted(b"", path.format(way(one)), {}, "GET"))
    yield case("method", lambda one: posted(b"", method=f"M{one}"))
    yield case("type of the body", lambda one: posted(b"x", headers={"Content-Type": f"text/{one}"}))
    yield case("host", lambda one: lambda shop: shop.send(
        "tgpayqrcode", shop.signed(out_trade_no=shop.number(), trans_amount="1.00"),
        headers={"Host": f"{one}.example"}))
    for name, value in (("sign", "0" * 32), ("sign", ""), ("sign_type", "{}"), ("sign", "{}"),
                        ("merchants_id", "1")):
        yield case(f"reference, and {name} {value!r}", lambda one: asked(
            "tgpayqrcode", reference=one, **{name: value.format(one)}))
    for method in ("PUT", "DELETE"):
        yield case(f"query of a {method}", lambda one: posted(
            b"", f"/v2/tgpayqrcode.php?reference={one}&a={in_groups('-')(one)}", {}, method))
    too_large = b"&" * (1024 * 1024 + 1)
    yield case("too large", lambda one: posted(too_large, f"/v2/tgpayqrcode.php?reference={one}"))
    yield case("cookie", lambda one: lambda shop: shop.send(
        "tgpaygetopenid", shop.signed(client_url="http://127.0.0.1:9/"),
        headers={"Cookie": f"openid_{shop.merchants_id}={one}; a={one}"}))
    yield case("told to the demo's shop", lambda one: posted(
        b"", f"/demo/notify?out_trade_no={one}&x={one}", {}, "GET"))


MERCHANT, SCENARIO = "/merchants/{mid}", "/scenario?merchants_id={mid}"
KEPT_SETTINGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("name", MERCHANT, {"name": "{n}"}), ("notify_url", MERCHANT, {"notify_url": "http://127.0.0.1:9/{n}"}),
    ("stores", MERCHANT, {"stores": [{"store_id": "1", "store_name": "{n}"}]}),
    ("users", MERCHANT, {"users": [{"login": "{n}", "password": "x"}]}),
    ("wechat_key", MERCHANT, {"wechat_key": "{n}"}),
    ("terminal_type", "/terminals/7", {"merchants_id": "{mid}", "terminal_type": "{n}"}),
    ("name", SCENARIO, {"rules": [{"name": "{n}", "then": {"delay": 1}}]}),
    ("reference", SCENARIO, {"rules": [{"when": {"reference": "{n}"}, "then": {"delay": 1}}]}))


def settings_cases() -> Iterator[tuple[str, Case]]:
    """What the control interface would keep."""
    for place, (name, path, body) in enumerate(KEPT_SETTINGS):
        for form, shift in ((str, 2_000), (in_groups(" "), 2_100)):
            number = card(place + shift)
            value = form(number)
            yield f"{path}, {name}, {value}", Case(number, value, put(path, body, value), name)


def put(path: str, body: dict[str, Any], value: str) -> Send:
    method = "PATCH" if path == MERCHANT else "PUT"

    def send(shop: Shop) -> Answer:
        filled = json.dumps(body).replace("{n}", value).replace("{mid}", shop.merchants_id)
        return shop.control.ask(method, path.replace("{mid}", shop.merchants_id), json.loads(filled))
    return send


REFUSED, OTHERS, SETTINGS = dict(refused_cases()), dict(other_cases()), dict(settings_cases())
ECHOED = Case(card(3_000), card(3_000), lambda shop: shop.qr_order())
ALL = {**REFUSED, **OTHERS, **SETTINGS, "echoed by a receiver": ECHOED}


@dataclass
class Left:
    """What is left when all requests have been made: their answers, what was kept, and the digits of that."""

    answers: dict[str, Answer]
    kept: dict[str, bytes]

    def __post_init__(self) -> None:
        self.digits = {name: digits_of(raw) for name, raw in self.kept.items()}


def digits_of(raw: bytes) -> bytes:
    return re.sub(rb"[^0-9]", b"", parse.unquote_to_bytes(raw))


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder: Path = tmp_path_factory.mktemp("gate")
    receiver, kept = Receiver(), dict[str, bytes]()
    echo = json.dumps({"cardNo": in_groups(" ")(ECHOED.number), "x": ECHOED.number}).encode()
    receiver.answers = [(200, echo)]
    with Server(database=folder / "emulator.db", log_level="debug") as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        answers = {name: case.send(shop) for name, case in ALL.items()}
        shop.control.post("/notifications/flush")
        for path in ("/journal", "/orders", "/notifications"):
            kept[path] = shop.control.ask("GET", path, limit=1000).raw
        notifications = shop.notifications(answers["echoed by a receiver"]["out_trade_no"])
        kept["a notification with its attempts"] = json.dumps(notifications).encode()
        kept |= {path.name: path.read_bytes() for path in folder.iterdir()}
        kept["output"] = server.stop()[1].encode()
    kept |= {f"{path.name} after the end": path.read_bytes() for path in folder.iterdir()}
    heard = [each.query.encode() + each.body for each in receiver.heard]
    kept["what the receiver heard"] = b"\n".join(heard)
    receiver.close()
    yield Left(answers, kept)


@pytest.mark.exhaustive
@every_row("name", ALL)
def test_a_card_number_is_nowhere_kept(left: Left, name: str) -> None:
    case = ALL[name]
    value = case.value if isinstance(case.value, bytes) else case.value.encode()
    assert [place for place, digits in left.digits.items() if case.number.encode() in digits] == []
    assert [place for place, raw in left.kept.items() if value in raw] == []


@pytest.mark.exhaustive
@every_row("name", ALL)
def test_no_answer_repeats_it(left: Left, name: str) -> None:
    assert ALL[name].number.encode() not in digits_of(left.answers[name].raw)


@every_row("name", REFUSED)
def test_a_request_with_a_card_number_outside_pay_info_is_refused_by_name(left: Left, name: str) -> None:
    answer, case = left.answers[name], REFUSED[name]
    assert answer["is_success"] == "F"
    if case.named:
        assert answer["error"] == "ILLEGAL_ARGUMENT"
        assert f"{case.named} has a card number in it" in answer["detail_error_des"]


@every_row("name", SETTINGS)
def test_a_setting_with_a_card_number_is_refused_by_name(left: Left, name: str) -> None:
    answer = left.answers[name]
    assert answer.status == 422
    assert re.search(f"{SETTINGS[name].named}\\W.*has a card number in it", answer.json["detail"])


@pytest.mark.sqlite
@every_row("place", ["/journal", "emulator.db-wal", "a notification with its attempts"])
def test_what_was_searched_has_something_of_the_requests(left: Left, place: str) -> None:
    assert b"***" in left.kept[place]


def test_the_search_of_this_test_finds_a_number_in_its_groups() -> None:
    assert ECHOED.number.encode() in digits_of(f"a {in_groups(' ')(ECHOED.number)} b".encode("utf-16"))

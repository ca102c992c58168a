"""A card number outside pay_info is refused and nowhere kept, whatever its scheme, its separation, its encoding and its place.

Each case has a number of its own. When all requests have been made, everything that is left of them is searched.
"""
import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import parse

import pytest

from emulator.masking import Mask

from .driver import Answer, Control, Receiver, Server, Shop, exchange, luhn_digit, pay_info

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCHEMES = {
    "Visa of 13": ("4", 13), "Visa": ("4532", 16), "Visa of 19": ("4539", 19), "Mastercard": ("5425", 16),
    "Mastercard of the second series": ("2223", 16), "American Express": ("3714", 15), "JCB": ("3566", 16),
    "Discover": ("6011", 16), "Diners Club": ("3056", 14), "UnionPay of 16": ("6225", 16), "UnionPay of 18": ("6210", 18),
    "UnionPay of 19": ("6217", 19), "UnionPay of the new range": ("8171", 16), "Maestro of 12": ("6759", 12),
    "Maestro of 19": ("5018", 19), "Mir": ("2202", 16), "RuPay": ("6079", 16), "Elo": ("5066", 16), "Troy": ("9792", 16),
    "Humo": ("9860", 16), "UzCard": ("8600", 16)}


def card(place: int, prefix: str = "4532", length: int = 16) -> str:
    """A number with a valid check digit that no other case has."""
    partial = f"{prefix}{place * 7919 % 10**(length - 1 - len(prefix)):0{length - 1 - len(prefix)}d}"
    return partial + luhn_digit(partial)


def in_groups(separator: str, size: int = 4) -> Callable[[str], str]:
    return lambda number: separator.join(re.findall(f".{{1,{size}}}", number))


def each(form: str) -> Callable[[str], str]:
    return lambda number: "".join(form.format(ord(digit)) for digit in number)


def script(zero: int) -> Callable[[str], str]:
    return lambda number: "".join(chr(zero + int(digit)) for digit in number)


def times(count: int) -> Callable[[str], str]:
    def encoded(number: str) -> str:
        written = "".join(f"%{ord(digit):02X}" for digit in number)
        for _ in range(count - 1):
            written = parse.quote(written)
        return written
    return encoded


def base64_of(text: Callable[[str], bytes], written: Callable[[bytes], bytes] = base64.b64encode) -> Callable[[str], str]:
    return lambda number: written(text(number)).decode()


def raw(charset: str) -> Callable[[str], bytes]:
    """Bytes of another charset, sent as they are."""
    return lambda number: json.dumps({"cardNo": number, "cvv": "987"}).encode(charset)


# How a number may be written in a value; bytes are sent as they are.
FORMS: dict[str, Callable[[str], str | bytes]] = {
    "plain": str, "in a sentence": lambda number: f"no.{number};cvv=987", "before the validity": lambda number: f"{number} 12/27",
    "after another number": lambda number: f"17 {number}", "between letters": lambda number: f"card{number}x",
    **{f"in groups, with {separator!r}": in_groups(separator) for separator in (
        " ", "  ", "-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2015", "\u2212", ".", "/", "_", ",", ":", " - ", "|", "\t", "\n", "\r\n",
        "\u00a0", "\u2009", "\u3000", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "','", "<br>", "&nbsp;", "\\n")},
    **{f"in groups of {size}": in_groups(" ", size) for size in (1, 2, 3, 5, 6, 8)},
    "in groups with several separators": lambda number: f"{number[:4]} {number[4:8]}-{number[8:12]}.{number[12:]}",
    "in groups, before other groups": lambda number: f"{in_groups('-')(number)};cvv=987;12-27",
    "full width": script(0xFF10), "Arabic": script(0x0660), "Devanagari": script(0x0966), "mathematical": script(0x1D7CE),
    "superscript": lambda number: number.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")),
    **{f"percent-encoded {count} times": times(count) for count in (1, 2, 3)},
    "percent-encoded, full width": lambda number: parse.quote(script(0xFF10)(number)),
    "escaped for JSON": each("\\u{:04x}"), "escaped for JSON twice": each("\\\\u{:04X}"), "escaped by bytes": each("\\x{:02x}"),
    "escaped for HTML": each("&#{};"), "escaped for HTML in hexadecimal": each("&#x{:x};"), "escaped for HTML twice": each("&amp;#{};"),
    "escaped as by old JavaScript": each("%u{:04x}"), "JSON": lambda number: json.dumps({"a": {"b": number}}),
    "JSON inside of JSON": lambda number: json.dumps(json.dumps({"a": json.dumps({"b": in_groups(" ")(number)})})),
    "a number of JSON": lambda number: json.dumps({"a": int(number)}), "a list of digits": lambda number: json.dumps(list(map(int, number))),
    "a list of texts": lambda number: json.dumps(list(number)), "a list on many lines": lambda number: json.dumps(list(number), indent=2),
    "a list of codes": lambda number: json.dumps([ord(digit) for digit in number]),
    "base64": base64_of(str.encode), "base64 of JSON": base64_of(lambda number: json.dumps({"cardNo": number}).encode()),
    "base64 for URLs": base64_of(lambda number: f"?>{number}<?".encode(), base64.urlsafe_b64encode),
    "base64 in JSON": lambda number: json.dumps({"data": base64.b64encode(number.encode()).decode()}),
    "base64 of base64": base64_of(lambda number: base64.b64encode(number.encode())),
    "base64 of UTF-16": base64_of(lambda number: number.encode("utf-16")), "hexadecimal": lambda number: number.encode().hex(),
    "UTF-16": raw("utf-16"), "UTF-16, big end first": raw("utf-16-be"), "UTF-16 without a mark": raw("utf-16-le"), "UTF-32": raw("utf-32"),
    "GBK, full width": lambda number: script(0xFF10)(number).encode("gbk"),
}
FREE = {  # parameters that are kept or told of each kind of request
    "tgpayqrcode": ("reference", "notify_url", "undeclared", "merchants_id"),
    "tgpaybarcode": ("reference", "notify_url"), "tgpayh5": ("reference", "account", "return_url", "cardNo"),
    "tgpayprepay": ("attach", "body", "goods_info", "device_info", "buyer_email"),
    "tgpaybankcard": ("reference", "goods_name", "goods_info", "redirect_url", "sub_account_data", "risk_info"),
    "tgpaywebtoterminal": ("reference", "terminal_type", "notify_url"), "tgpayrefund": ("refund_reson",), "tgpayquery": ("undeclared",),
    "tgpayuserinfo": ("user",), "tgpaygetopenid": ("client_url",)}
IDENTIFIERS = ("out_trade_no", "terminal_id", "account_id", "out_refund_id")
INSIDE = {  # what surrounds the number in a value that has a form of its own
    "notify_url": "http://127.0.0.1:9/n/{}?x=1", "return_url": "http://127.0.0.1:9/?card={}", "redirect_url": "http://127.0.0.1:9/#{}",
    "client_url": "http://127.0.0.1:9/{}", "risk_info": '{{"goods":[{{"sku":"{}"}}]}}', "sub_account_data": '[{{"id":"{}","amount":"0.5"}}]',
    "buyer_email": "{}@shop.example"}


@dataclass(frozen=True)
class Case:
    """A request with a number in it; `value` is how it is written, `sent` makes the request."""

    name: str
    number: str
    value: str | bytes
    sent: Callable[[Shop], Answer]
    named: str = ""


def ask(shop: Shop, endpoint: str, **params: Any) -> Answer:
    """A request that would be taken without its hostile value, posted."""
    base: dict[str, dict[str, Any]] = {
        "tgpayqrcode": {"trans_amount": "1.00"}, "tgpaybarcode": {"trans_amount": "1.00", "buyer_identity_code": "280136483235977421"},
        "tgpayh5": {"total_fee": "1.00", "pay_type": "alipay", "scene_type": "WAP_PAY"},
        "tgpayprepay": {"trans_amount": "1.00", "pay_type": "alipay", "trade_type": "APP"},
        "tgpaybankcard": {**shop.bankcard("1.00"), "access_type": "s2s", "pay_info": pay_info()},
        "tgpaywebtoterminal": {"pay_type": "webtoterminal", "operation": "sale", "trans_amount": "1.00"},
        "tgpayrefund": {"refund_amount": "1.00"}, "tgpayuserinfo": {"user": "nobody", "password": "x"}}
    return shop.ask(endpoint, "POST", **{"out_trade_no": shop.number(), **base.get(endpoint, {}), **params})


def sent_raw(value: bytes) -> Callable[[Shop], Answer]:
    """A value of bytes that are not UTF-8: no signature can be right that is made of text, so it is made of
    the bytes.
    """
    def send(shop: Shop) -> Answer:
        text = value.decode("utf-8", "surrogateescape")
        params = {"merchants_id": shop.merchants_id, "out_trade_no": shop.number(), "trans_amount": "1.00", "reference": text}
        body = parse.urlencode({**params, "sign": _md5(params, shop.token)}, errors="surrogateescape")
        return exchange(f"{shop.control.url}/v2/tgpayqrcode.php", "POST", body.encode(), FORM)
    return send


def _md5(params: dict[str, str], token: str) -> str:
    import hashlib

    text = "&".join(f"{name}={params[name]}" for name in sorted(params)) + token
    return hashlib.md5(text.encode("utf-8", "surrogateescape")).hexdigest()


def refused_cases() -> Iterator[Case]:
    """Requests that are refused because of the number, in the step of the parameters."""
    place = 1
    for name, (prefix, length) in SCHEMES.items():
        number, place = card(place, prefix, length), place + 1
        yield Case(f"{name} in reference", number, number, lambda shop, v=number: ask(shop, "tgpayqrcode", reference=v), "reference")
    for name, form in FORMS.items():
        number, place = card(place), place + 1
        value = form(number)
        sent = sent_raw(value) if isinstance(value, bytes) else lambda shop, v=value: ask(shop, "tgpayqrcode", reference=v)
        yield Case(f"{name} in reference", number, value, sent, "reference")
    for endpoint, names in FREE.items():
        for name in names:
            number, place = card(place), place + 1
            value = INSIDE.get(name, "{}").format(number)
            unsigned = name in ("merchants_id", "user")
            yield Case(f"{endpoint}, {name}", number, value, lambda shop, e=endpoint, n=name, v=value: ask(shop, e, **{n: v}),
                       "" if unsigned else name)
    for name in IDENTIFIERS:
        number, place = card(place), place + 1
        for way, value in (("spaces", in_groups(" ")(number)), ("dashes", in_groups("-")(number)), ("full width", script(0xFF10)(number))):
            yield Case(f"identifier {name}, {way}", number, value,
                       lambda shop, n=name, v=value: ask(shop, "tgpayrefund", **{n: v}), name)


def other_cases() -> Iterator[Case]:
    """Requests that are refused for another reason, or whose number is in no value."""
    place = 1_000
    def number() -> str:
        nonlocal place
        place += 1
        return card(place)
    one = number()
    yield Case("name of a parameter", one, one, lambda shop, n=one: ask(shop, "tgpayqrcode", **{n: "1"}), "the name of a parameter")
    one = number()
    yield Case("part of a parameter's name", one, one, lambda shop, n=one: ask(shop, "tgpayqrcode", **{f"x[{in_groups(' ')(n)}]": "1"}))
    for path in ("/v2/{}.php", "/v2/x/{}", "/api/{}.php", "/_emulator/orders/{}/1", "/_emulator/{}", "/pay/{}", "/{}", "/demo/{}"):
        for way in (str, in_groups("-"), in_groups("%20")):
            one = number()
            yield Case(f"path {path}, {way(one)}", one, one, lambda shop, p=path.format(way(one)): exchange(f"{shop.control.url}{p}"))
    one = number()
    yield Case("method", one, one, lambda shop, n=one: exchange(f"{shop.control.url}/v2/tgpayqrcode.php", f"M{n}"))
    one = number()
    yield Case("type of the body", one, one, lambda shop, n=one: exchange(
        f"{shop.control.url}/v2/tgpayqrcode.php", "POST", b"x", {"Content-Type": f"text/{n}"}))
    one = number()
    yield Case("host", one, one, lambda shop, n=one: shop.send(
        "tgpayqrcode", shop.signed(out_trade_no=shop.number(), trans_amount="1.00"), headers={"Host": f"{n}.example"}))
    for why, more in (("wrong sign", {"sign": "0" * 32}), ("no sign", {"sign": ""}), ("sign type", {"sign_type": "{}"}),
                      ("sign", {"sign": "{}"}), ("unknown merchant", {"merchants_id": "1"})):
        one = number()
        params = {"reference": one, **{name: value.format(one) for name, value in more.items()}}
        yield Case(f"reference, {why}", one, one, lambda shop, p=params: ask(shop, "tgpayqrcode", **p))
    for way in ("PUT", "DELETE"):
        one = number()
        yield Case(f"query of a {way}", one, one, lambda shop, w=way, n=one: exchange(
            f"{shop.control.url}/v2/tgpayqrcode.php?reference={n}&a={in_groups('-')(n)}", w))
    one = number()
    yield Case("too large", one, one, lambda shop, n=one: exchange(
        f"{shop.control.url}/v2/tgpayqrcode.php?reference={n}", "POST", b"&" * (1024 * 1024 + 1), FORM))
    one = number()
    yield Case("cookie", one, one, lambda shop, n=one: shop.send(
        "tgpaygetopenid", shop.signed(client_url="http://127.0.0.1:9/"), headers={"Cookie": f"openid_{shop.merchants_id}={n}; a={n}"}))


def settings_cases() -> Iterator[Case]:
    """What the control interface would keep."""
    for place, (what, path, body) in enumerate((
            ("name", "/merchants/{mid}", {"name": "{n}"}), ("notify_url", "/merchants/{mid}", {"notify_url": "http://127.0.0.1:9/{n}"}),
            ("stores", "/merchants/{mid}", {"stores": [{"store_id": "1", "store_name": "{n}"}]}),
            ("users", "/merchants/{mid}", {"users": [{"login": "{n}", "password": "x"}]}),
            ("wechat_key", "/merchants/{mid}", {"wechat_key": "{n}"}),
            ("terminal_type", "/terminals/7", {"merchants_id": "{mid}", "terminal_type": "{n}"}),
            ("name", "/scenario?merchants_id={mid}", {"rules": [{"name": "{n}", "then": {"delay": 1}}]}),
            ("reference", "/scenario?merchants_id={mid}", {"rules": [{"when": {"reference": "{n}"}, "then": {"delay": 1}}]})), 2_000):
        for written in (str, in_groups(" ")):
            number = card(place if written is str else place + 100)
            yield Case(f"setting {what} of {path}, {written(number)}", number, written(number),
                       lambda shop, p=path, b=body, v=written(number): _put(shop, p, b, v), what)


def _put(shop: Shop, path: str, body: dict[str, Any], value: str) -> Answer:
    filled = json.loads(json.dumps(body).replace("{n}", value).replace("{mid}", shop.merchants_id))
    method = "PATCH" if path.startswith("/merchants") else "PUT"
    return shop.control.ask(method, path.replace("{mid}", shop.merchants_id), filled)


REFUSED = {case.name: case for case in refused_cases()}
SETTINGS = {case.name: case for case in settings_cases()}
OTHERS = {case.name: case for case in other_cases()}
ECHOED = Case("echoed by a receiver", card(3_000), card(3_000), lambda shop: shop.qr_order())
TOLD = Case("told to the demo's shop", card(3_001), card(3_001), lambda shop: exchange(
    f"{shop.control.url}/demo/notify?out_trade_no={card(3_001)}&x={card(3_001)}"))
ALL = {**REFUSED, **SETTINGS, **OTHERS, ECHOED.name: ECHOED, TOLD.name: TOLD}


@dataclass
class Left:
    """What is left when all requests have been made: their answers, and by its name each thing that was kept."""

    answers: dict[str, Answer]
    kept: dict[str, bytes]
    digits: dict[str, bytes]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder: Path = tmp_path_factory.mktemp("gate")
    receiver = Receiver()
    receiver.answers = [(200, json.dumps({"cardNo": in_groups(" ")(ECHOED.number), "x": ECHOED.number}).encode())]
    with Server(database=folder / "emulator.db", log_level="debug") as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        answers = {name: case.sent(shop) for name, case in ALL.items()}
        shop.control.post("/notifications/flush")
        kept = {path: shop.control.ask("GET", path, limit=1000).raw for path in ("/journal", "/orders", "/notifications")}
        order = answers[ECHOED.name]["out_trade_no"]
        kept["a notification with its attempts"] = json.dumps(shop.notices(order)).encode()
        kept |= {path.name: path.read_bytes() for path in folder.iterdir()}
        kept["output"] = server.stop()[1].encode()
    kept |= {f"{path.name} after the end": path.read_bytes() for path in folder.iterdir()}
    kept["what the receiver heard"] = b"\n".join(heard.query.encode() + heard.body for heard in receiver.heard)
    receiver.close()
    return Left(answers, kept, {name: re.sub(rb"[^0-9]", b"", parse.unquote_to_bytes(each)) for name, each in kept.items()})


@pytest.mark.parametrize("name", ALL)
def test_a_card_number_is_nowhere_kept(left: Left, name: str) -> None:
    case = ALL[name]
    value = case.value if isinstance(case.value, bytes) else case.value.encode()
    assert [place for place, digits in left.digits.items() if case.number.encode() in digits] == []
    assert [place for place, each in left.kept.items() if value in each] == []


@pytest.mark.parametrize("name", ALL)
def test_no_answer_repeats_it(left: Left, name: str) -> None:
    told = parse.unquote_to_bytes(left.answers[name].raw)
    assert ALL[name].number.encode() not in re.sub(rb"[^0-9]", b"", told)


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_with_a_card_number_outside_pay_info_is_refused_by_name(left: Left, name: str) -> None:
    answer, case = left.answers[name], REFUSED[name]
    assert answer["is_success"] == "F"
    if case.named:
        assert answer["error"] == "ILLEGAL_ARGUMENT"
        assert f"{case.named} has a card number in it" in answer["detail_error_des"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_with_a_card_number_is_refused_by_name(left: Left, name: str) -> None:
    answer = left.answers[name]
    assert answer.status == 422
    assert SETTINGS[name].named in answer.json["detail"] and "has a card number in it" in answer.json["detail"]


@pytest.mark.parametrize("place", ["/journal", "emulator.db-wal", "a notification with its attempts", "output"])
def test_what_was_searched_has_something_of_the_requests(left: Left, place: str) -> None:
    assert b"***" in left.kept[place] or place == "output"


@pytest.mark.parametrize("value", [
    '{"cvv":"987"}', '{"card":{"securityCode": 987}', "cvv=987", "<cvc>987</cvc>", json.dumps(json.dumps({"CVV2": "987"})),
    parse.quote('{"cvv":"987"}'), base64.b64encode(b'{"cvv":"987"}').decode(), '{"\\u0063vv":"987"}', '{"cardNo":"4532000000000001"}'])
def test_other_data_of_a_card_outside_pay_info_is_refused_too(shop: Shop, value: str) -> None:
    answer = ask(shop, "tgpayprepay", attach=value)
    assert answer["error"] == "ILLEGAL_ARGUMENT"
    assert "attach has other data of a card in it, which belongs into pay_info only" in answer["detail_error_des"]
    assert shop.journal(answer)["params"]["attach"] == "***"


def test_all_problems_are_told_at_once(shop: Shop) -> None:
    sentence = ask(shop, "tgpayqrcode", trans_amount="x", reference=card(1), undeclared=card(2))["detail_error_des"]
    assert [name for name in ("trans_amount", "reference", "undeclared") if name not in sentence] == []


HOSTILE = ("4", "4 ", "4 4 4 4 4 4 4 4 4 4 4 4x", '"', "%25", "%2525", "\\u0034", "&#52;", "\\", "<", "NDEx", "\uff14", "\0", "4\0", "34", "52,", "400002",
           '{"cvv', "cvv ", "n", "%25\\u0025&#37;")


@pytest.mark.parametrize("piece", HOSTILE)
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    short, long = (min(_seconds(piece * (length // len(piece))) for _ in range(3)) for length in (20_000, 160_000))
    assert long < 25 * short + 0.01  # eight times as long; what grows with the square takes 64 times


def _seconds(text: str) -> float:
    begin = time.process_time()
    Mask({"reference": text, text: "1"})
    return time.process_time() - begin

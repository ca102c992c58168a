"""The truth table of wrong signatures: each client makes one mistake, and the real server names it.

A mistake that changes nothing for some parameters gives a right signature, and the request is not refused.
"""
import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest

from tgpay_emulator.diagnosis import explanation
from tgpay_emulator.diagnosis.search import MOST_TOKENS
from tgpay_emulator.signing.code_samples import CODE_SAMPLES

from .driver import Answer, Shop, exchange, md5_sign, raw_request
from .tables import every_row

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Params = dict[str, str]
Sign = Callable[[Params, str], str]
Send = Callable[[Params, str], str]
# What is sent beside merchants_id and out_trade_no, in the order of sending.
SETS: dict[str, Params] = {
    "ASCII": {"trans_amount": "1.5", "pay_type": "alipay", "it_b_pay": "1d", "reference": "tea",
              "terminal_id": "", "Zone": "b"},
    "Chinese": {"trans_amount": "0.10", "reference": "茶 café 咖啡", "body": "é", "attach": "", "Terms": "£5",
                "x1": "1", "x": "2"},
    "signs": {"trans_amount": "025", "reference": " a+b & 50%20 off #1 'x' <b> \"q\" &amp; ",
              "it_b_pay": "1d", "attach": "a\r\nb", "body": "1;2", "account_id": "", "Zone": "c"},
    "URLs": {"notify_url": "http://shop.example/n?a=1&b=2", "trans_amount": "1",
             "return_url": "http://shop.example/r?x=%20&y=a+b#top", "store": "", "Ab": "1"},
}


def sorted_pairs(params: Params, key: Callable[[str], Any] = str.encode) -> list[tuple[str, str]]:
    return sorted(((name, value) for name, value in params.items() if value), key=lambda pair: key(pair[0]))


def joined(pairs: list[tuple[str, str]], joint: str = "&") -> str:
    return joint.join(f"{name}={value}" for name, value in pairs)


def text(params: Params, change: Callable[[str], str] = str, **more: str) -> str:
    """The text before the token, the values changed."""
    return joined(sorted_pairs({name: change(value) for name, value in {**params, **more}.items()}))


def md5(whole: str | bytes) -> str:
    return hashlib.md5(whole if isinstance(whole, bytes) else whole.encode()).hexdigest()


def values(change: Callable[[str], str]) -> Sign:
    return lambda params, token: md5(text(params, change) + token)


def whole(put: Callable[[str, str], str | bytes]) -> Sign:
    """Puts the right text and the token together in its own way."""
    return lambda params, token: md5(put(text(params), token))


def written(charset: str, errors: str = "strict", mark: bytes = b"") -> Sign:
    """Writes text and token in another charset; what cannot be written is another client's mistake."""
    def sign(params: Params, token: str) -> str:
        try:
            return md5(mark + (text(params) + token).encode(charset, errors))
        except UnicodeEncodeError:
            return md5_sign(params, token)
    return sign


def a_mark_for_each_byte(text_and_token: str) -> bytes:
    return re.sub(rb"[\x80-\xff]", b"?", text_and_token.encode())


def counted(params: Params) -> Params:
    return {name: value for name, value in params.items() if value}


def json_of(**how: Any) -> Sign:
    return lambda params, token: md5(json.dumps(counted(params), **how) + token)


def keyed(algorithm: str) -> Sign:
    return lambda params, token: hmac.new(token.encode(), text(params).encode(), algorithm).hexdigest()


def php_json(params: Params, token: str) -> str:
    return md5(json.dumps(dict(sorted_pairs(params)), separators=(",", ":")).replace("/", "\\/") + token)


def without(*names: str) -> Sign:
    def sign(params: Params, token: str) -> str:
        return md5_sign({name: value for name, value in params.items() if name not in names}, token)
    return sign


def with_trans_amount(change: Callable[[str], str]) -> Sign:
    return lambda params, token: md5_sign({**params, "trans_amount": change(params["trans_amount"])}, token)


def one_value(change: Callable[[str], str]) -> Sign:
    """Changes the last of the free texts only."""
    def sign(params: Params, token: str) -> str:
        name = "return_url" if "return_url" in params else "reference"
        return md5_sign({**params, name: change(params[name])}, token)
    return sign


SIGNING: list[tuple[str, Sign]] = [
    ("URL_ENCODED", values(quote)), ("URL_ENCODED", values(quote_plus)),
    ("URL_ENCODED", values(lambda value: quote(value, safe=""))),
    ("URL_ENCODED", values(lambda value: quote(value, safe="!~*'()"))),
    ("URL_ENCODED", one_value(quote_plus)),
    ("URL_ENCODED", lambda params, token: md5(quote(text(params), safe="") + token)),
    ("HTML_ESCAPED", values(html.escape)),
    ("HTML_ESCAPED", values(lambda value: html.escape(value, quote=False))),
    ("HTML_ESCAPED", one_value(html.escape)), ("HTML_UNESCAPED", values(html.unescape)),
    ("HTML_ESCAPED", lambda params, token: md5(html.escape(text(params)) + token)),
    ("SLASHES_ADDED", values(lambda value: re.sub(r"(['\"\\])", r"\\\1", value))),
    ("UTF_8_TWICE", values(lambda value: value.encode().decode("latin-1"))),
    ("LINE_BREAKS", values(lambda value: value.replace("\r\n", "\n"))), ("TRIMMED", values(str.strip)),
    ("SPACED_VALUE", one_value(lambda value: f"{value}\n")),
    ("SPACED_VALUE", one_value(lambda value: f"{value} ")),
    ("UNSORTED", lambda params, token: md5(joined(list(counted(params).items())) + token)),
    ("SORTED_BY_CASE", lambda params, token: md5(joined(sorted_pairs(params, str.lower)) + token)),
    ("SORTED_WITH_VALUES",
     lambda params, token: md5("&".join(sorted(map("=".join, sorted_pairs(params)))) + token)),
    ("EMPTY_KEPT", lambda params, token: md5(joined(sorted(params.items())) + token)),
    ("SIGN_TYPE_KEPT", lambda params, token: md5(text(params, sign_type="MD5") + token)),
    ("SIGN_KEPT", lambda params, token: md5(joined(sorted({**params, "sign": ""}.items())) + token)),
    ("NOT_JOINED", lambda params, token: md5(joined(sorted_pairs(params), "") + token)),
    ("JSON_SIGNED", json_of()), ("JSON_SIGNED", json_of(separators=(",", ":"), ensure_ascii=False)),
    ("JSON_SIGNED", php_json), ("TOKEN_ABSENT", whole(lambda text, token: text)),
    ("TOKEN_BEFORE", whole(lambda text, token: token + text)),
    ("TOKEN_NAMED", whole(lambda text, token: f"{text}&key={token}")),
    ("TOKEN_AFTER_AMPERSAND", whole(lambda text, token: f"{text}&{token}")),
    ("TOKEN_SPACED", whole(lambda text, token: f"{text}{token}\n")),
    ("TOKEN_SPACED", whole(lambda text, token: f"{text}{token}\r\n")),
    ("TOKEN_BOM", whole(lambda text, token: f"{text}\ufeff{token}")),
    ("BOM", whole(lambda text, token: f"\ufeff{text}{token}")),
    ("UPPER_CASE", whole(lambda text, token: (text + token).upper())),
    ("UPPER_CASE", whole(lambda text, token: text.upper() + token)),
    ("LOWER_CASE", whole(lambda text, token: text.lower() + token)),
    ("GBK", written("gbk")), ("GBK", written("gb18030")), ("LATIN_1", written("latin-1")),
    ("LATIN_1", written("latin-1", "replace")),
    ("ASCII", written("ascii", "replace")), ("ASCII", written("ascii", "ignore")),
    ("ASCII", whole(lambda text, token: a_mark_for_each_byte(text + token))),
    ("UTF_16", written("utf-16-le")), ("UTF_16", written("utf-16-be")),
    ("UTF_16", written("utf-16-le", mark=b"\xff\xfe")), ("UTF_16", written("utf-16-be", mark=b"\xfe\xff")),
    ("OTHER_HASH", lambda params, token: hashlib.sha1((text(params) + token).encode()).hexdigest()),
    ("OTHER_HASH", lambda params, token: hashlib.sha256((text(params) + token).encode()).hexdigest()),
    ("HMAC", keyed("md5")), ("HMAC", keyed("sha1")), ("HMAC", keyed("sha256")),
    ("BASE64", lambda params, token: base64.b64encode(bytes.fromhex(md5_sign(params, token))).decode()),
    ("HALF", lambda params, token: md5_sign(params, token)[8:24]),
    ("SPACED", lambda params, token: f"{md5_sign(params, token)}\n"),
    ("AMOUNT_REFORMATTED", with_trans_amount(lambda amount: f"{float(amount):.2f}")),
    ("AMOUNT_REFORMATTED", with_trans_amount(lambda amount: str(float(amount)))),
    ("AMOUNT_REFORMATTED", with_trans_amount(lambda amount: str(round(100 * float(amount))))),
    ("PARAMETER_MISSING", without("merchants_id")), ("PARAMETER_MISSING", without("trans_amount")),
    ("PARAMETER_ADDED", lambda params, token: md5_sign({**params, "_input_charset": "utf-8"}, token)),
]


def query_of(params: Params, sign: str, encode: Callable[[str], str] = quote_plus, joint: str = "&") -> str:
    return joint.join(f"{name}={encode(value)}" for name, value in {**params, "sign": sign}.items())


def raw(signs: str) -> Callable[[str], str]:
    """URL-encodes all but these."""
    return lambda value: quote(value, safe=signs)


def as_html(params: Params, sign: str) -> str:
    """What a browser reads where the query stands in HTML as it is."""
    read = html.unescape(query_of({**params, "notify_url": "http://shop.example/n"}, sign))
    return quote(read, safe="&=%+;")


def in_body(encode: Callable[[str], bytes]) -> Send:
    return lambda params, sign: query_of(params, sign, lambda value: quote(encode(value)))


def gbk(value: str) -> bytes:
    return value.encode("gb18030")


def latin_1(value: str) -> bytes:
    """What Latin-1 does not have is sent rightly."""
    return value.encode("latin-1" if all(letter <= "\xff" for letter in value) else "utf-8")


def twice(value: str) -> str:
    return quote_plus(quote_plus(value))


# How a rightly signed request is sent wrongly, and whether its parameters alone still tell so.
SENDING: list[tuple[str, Send, bool]] = [
    ("AMPERSAND_NOT_ENCODED", lambda params, sign: query_of(params, sign, raw("&?:/=")), True),
    ("PLUS_NOT_ENCODED", lambda params, sign: query_of(params, sign, raw("+")), True),
    ("PERCENT_NOT_ENCODED", lambda params, sign: query_of(params, sign, raw("%:/?=")), False),
    ("ENCODED_TWICE", lambda params, sign: query_of(params, sign, twice), True),
    ("AMPERSAND_ESCAPED", lambda params, sign: query_of(params, sign, joint="&amp;"), True),
    ("ENTITY", as_html, True), ("NOT_SENT_IN_UTF_8", in_body(gbk), False),
    ("NOT_SENT_IN_UTF_8", in_body(latin_1), False),
    ("SENT_AS_UTF_8_TWICE", in_body(lambda value: value.encode().decode("latin-1").encode()), True),
    ("SEPARATOR", lambda params, sign: quote(query_of(params, sign), safe=""), True),
    ("SEPARATOR", lambda params, sign: quote(query_of(params, sign), safe="="), True),
    ("SENT_TWICE", lambda params, sign: f"{query_of(params, sign)}&trans_amount=9.99", False),
]


def received(query: str) -> Params:
    """What arrives, decoded by another's hand."""
    return dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))


def is_right(query: str, token: str) -> bool:
    """Whether the request, as it arrives, is rightly signed."""
    params = received(query)
    pairs = sorted((name.encode(errors="surrogateescape"), value.encode(errors="surrogateescape"))
                   for name, value in params.items() if value and name not in ("sign", "sign_type"))
    return params.get("sign") == md5(b"&".join(map(b"=".join, pairs)) + token.encode())


def sent_to(shop: Shop, query: str, method: str) -> Answer:
    url = f"{shop.control.url}/v2/tgpayqrcode.php"
    return exchange(f"{url}?{query}") if method == "GET" else exchange(url, "POST", query.encode(), FORM)


def params_of(shop: Shop, kind: str) -> Params:
    return {"merchants_id": shop.merchants_id, "out_trade_no": shop.number(), **SETS[kind]}


def wrong(told: Any, code: str) -> str | None:
    """What is wrong with an explanation of this one mistake; None where nothing is."""
    if not told:
        return "nothing is explained"
    ways = [set(way) for way in told["ways"]]
    if {code} not in ways and not (code in told["mistakes"] and all(len(way) > 1 for way in ways)):
        return f"not named: {told.get('ways')} {told.get('sentence')}"
    if not set(told["code"]["python"].splitlines()) >= {CODE_SAMPLES[code].python}:
        return "its line of code is missing"
    return None


def sent_sign(send: Send, params: Params, token: str) -> str:
    """The right sign of what the client means to send."""
    return md5_sign({**params, **({"notify_url": "http://shop.example/n"} if send is as_html else {})}, token)


def signed_wrongly(sign: Sign) -> Send:
    return lambda params, token: query_of(params, sign(params, token))


def sent_wrongly(send: Send) -> Send:
    return lambda params, token: send(params, sent_sign(send, params, token))


# The mistake, the query of a merchant's parameters and token, and whether the parameters alone tell it too.
EVERY_CLIENT: list[tuple[str, Send, bool]] = [
    *((code, signed_wrongly(sign), True) for code, sign in SIGNING),
    *((code, sent_wrongly(send), explained) for code, send, explained in SENDING)]


def test_every_known_mistake_is_made_by_a_client() -> None:
    made = {code for code, *_ in (*SIGNING, *SENDING)} | {"OTHER_TOKEN", "HASH_NOT_ENCODED"}
    assert made == set(CODE_SAMPLES)


@pytest.mark.sampled
@pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=[] if kind in ("Chinese", "signs") else pytest.mark.exhaustive)
    for kind in SETS])
def test_the_mistake_that_a_client_makes_is_named_by_journal_and_interface(shop: Shop, kind: str) -> None:
    seen, failed = set(), []
    for number, (code, make, explained) in enumerate(EVERY_CLIENT):
        query = make(params_of(shop, kind), shop.token)
        answer = sent_to(shop, query, ("GET", "POST")[number % 2])
        entry = shop.journal(answer)
        refused = entry["verdict"] in ("ILLEGAL_SIGN", "ILLEGAL_PARTNER")
        assert refused != is_right(query, shop.token), (code, query)
        if not refused:
            continue
        seen.add(code)
        problem = wrong(entry["explanation"], code)
        if not problem and entry["explanation"]["sentence"] not in answer["detail_error_des"]:
            problem = f"not told: {answer['detail_error_des']}"
        if not problem and explained:
            problem = wrong(shop.control.post("/sign/explain", {"params": received(query)}), code)
        failed += [(code, problem, query)] if problem else []
    assert not failed, "\n".join(map(str, failed))
    assert len(seen) > 20


CURL = "merchants_id={id}&out_trade_no={id}1&pay_type=alipay&trans_amount=0.01&it_b_pay=15m"
CUT, PLUS, PERCENT, ENCODED = (
    "AMPERSAND_NOT_ENCODED", "PLUS_NOT_ENCODED", "PERCENT_NOT_ENCODED", "URL_ENCODED")
# What is sent behind CURL, what of it was signed, words of the sentence, and which mistakes each explain it.
EXACTLY: list[tuple[str, Params, str, set[str]]] = [
    ("&notify_url=http://a.example/n?a=1&b=2", {"notify_url": "http://a.example/n?a=1&b=2"},
     "notify_url was cut at an &", {CUT}),
    ("&notify_url=http://a.example/n?a=1&out_trade_no=2",
     {"notify_url": "http://a.example/n?a=1&out_trade_no=2"},
     "notify_url was cut at an &", {CUT}),
    ("&notify_url=http://a.example/?b&c=1&redirect_url=http://a.example/?d&e",
     {"notify_url": "http://a.example/?b&c=1", "redirect_url": "http://a.example/?d&e"},
     "notify_url and redirect_url were cut", {CUT}),
    ("&reference=salt&pepper", {"reference": "salt&pepper"}, "reference was cut at an &", {CUT}),
    ("&reference=salt&pepper=", {"reference": "salt&pepper="}, "reference was cut at an &", {CUT}),
    ("&reference=salt&", {"reference": "salt&"}, "reference was cut at an &", {CUT}),
    ("&reference=a&&b&", {"reference": "a&&b&"}, "reference was cut at an &", {CUT}),
    ("&&&undeclared=1+1", {"undeclared": "1+1"}, "a + was signed", {ENCODED, PLUS}),
    ("&reference=1+1", {"reference": "1+1"}, "a + was signed, but sent as it is", {ENCODED, PLUS}),
    ("&reference=1%201", {"reference": "1+1"}, "the values were signed URL-encoded", {ENCODED}),
    ("&reference=1+1%201", {"reference": "1+1 1"}, "a + was signed", {PLUS}),
    ("&reference=1+1&body=2%3B2", {"reference": "1+1", "body": "2;2"}, "a + was signed", {ENCODED, PLUS}),
    ("&reference=50%20off", {"reference": "50%20off"}, "a % was signed", {ENCODED, PERCENT}),
    ("&reference=a%41", {"reference": "a%41"}, "a % was signed", {PERCENT}),
    ("&notify_url=http%253A%252F%252Fshop%252Fn", {"notify_url": "http://shop/n"}, "once too often",
     {"ENCODED_TWICE"}),
    ("&notify_url=http%253A%252F%252Fshop%252Fn&reference=50%2525",
     {"notify_url": "http://shop/n", "reference": "50%25"}, "notify_url was URL-encoded once too often",
     {"ENCODED_TWICE"}),
    ("%C2%ACify_url=http://shop/n", {"notify_url": "http://shop/n"}, "&notify_url became ¬ify_url",
     {"ENTITY"}),
    ("%ACify_url=http://shop/n", {"notify_url": "http://shop/n"}, "&notify_url became", {"ENTITY"}),
    ("%C3%97tamp=1", {"timestamp": "1"}, "&timestamp became ×tamp", {"ENTITY"}),
    ("%C2%A4cy=GBP", {"currency": "GBP"}, "&currency became ¤cy", {"ENTITY"}),
    ("%C2%AEion=1", {"region": "1"}, "&region became ®ion", {"ENTITY"}),
    ("&amp;notify_url=http://shop/n", {"notify_url": "http://shop/n"}, "amp;notify_url arrived",
     {"AMPERSAND_ESCAPED"}),
    ("%26notify_url=http://shop/n", {"notify_url": "http://shop/n"}, "before notify_url", {"SEPARATOR"}),
    ("&reference=%B2%E8", {"reference": "茶"}, "sent in GBK", {"NOT_SENT_IN_UTF_8"}),
    ("&reference=%F0%9F%8D%B5", {"reference": "?"}, "replaced by a ? for each character",
     {"ASCII", "GBK", "LATIN_1"}),
]


@every_row("more, meant, words, codes", EXACTLY, ids=[row[0] for row in EXACTLY])
def test_nothing_else_is_named_than_what_may_have_happened(
         shop: Shop, more: str, meant: Params, words: str, codes: set[str]) -> None:
    base = CURL.format(id=shop.merchants_id)
    sign = md5_sign({**received(base), **meant}, shop.token)
    answer = sent_to(shop, f"{base}{more}&sign={sign}&sign_type=MD5", "GET")
    explained = shop.journal(answer)["explanation"]
    assert sorted(explained["ways"]) == sorted([code] for code in codes), explained["sentence"]
    assert words in answer["detail_error_des"]
    assert ("each of these" in explained["sentence"]) == (len(codes) > 1)


def test_an_explanation_that_adds_a_mistake_to_another_one_is_left_out(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "out_trade_no": "1", "reference": "1+1"}
    query = joined(sorted_pairs(params))  # glued to out_trade_no, reference would give the same text
    answer = exchange(f"{shop.control.url}/v2/tgpayquery.php?{query}&sign={md5_sign(params, shop.token)}")
    assert sorted(shop.journal(answer)["explanation"]["ways"]) == [[PLUS], [ENCODED]]


def test_without_the_text_of_the_request_a_cut_value_is_put_together_in_any_order(shop: Shop) -> None:
    params = received(CURL.format(id=shop.merchants_id))
    sign = md5_sign({**params, "notify_url": "http://shop.example/n?z=1&b=2&flag"}, shop.token)
    arrived = {"b": "2", "sign": sign, "flag": "", **params, "notify_url": "http://shop.example/n?z=1"}
    explained = shop.control.post("/sign/explain", {"params": arrived})
    assert (explained["ways"], "notify_url" in explained["sentence"]) == ([["AMPERSAND_NOT_ENCODED"]], True)


MISSING: list[tuple[str, str, list[str]]] = [
    ("&amp;sign={right}", "the & between parameters was sent as &amp;", ["AMPERSAND_ESCAPED"]),
    ("&amp;amp;sign={right}", "the & between parameters was sent as &amp;", ["AMPERSAND_ESCAPED"]),
    ("%26amp%3Bsign={right}", "before sign something else than a bare &", ["SEPARATOR"]),
    (";sign={right}", "before sign something else than a bare &", ["SEPARATOR"]),
    ("&amp;sign={token_absent}", "two mistakes at once", ["AMPERSAND_ESCAPED", "TOKEN_ABSENT"]),
    ("&amp;sign={unknown}", "and the sign is wrong as well", ["AMPERSAND_ESCAPED"]),
]


@every_row("more, words, mistakes", MISSING, ids=[row[0] for row in MISSING])
def test_a_sign_that_arrived_as_something_else_is_found(
        shop: Shop, more: str, words: str, mistakes: list[str]) -> None:
    base = CURL.format(id=shop.merchants_id)
    signs = {"right": md5_sign(received(base), shop.token), "token_absent": md5_sign(received(base), "")}
    query = base + more.format(**signs, unknown="0" * 32)
    answer = sent_to(shop, query, "POST")
    assert answer["error"] == "ILLEGAL_SIGN"
    by_hand = shop.control.post("/sign/explain", {"params": received(query)})
    for told in (shop.journal(answer)["explanation"], by_hand):
        assert (told["mistakes"], words in told["sentence"]) == (mistakes, True), told["sentence"]
    assert answer["detail_error_des"].startswith("sign is missing; ")
    assert words in answer["detail_error_des"]


@every_row("more, words", [
    ("&Sign={sign}", "Sign was sent, but names are case-sensitive"),
    ("&SIGN={sign}", "SIGN was sent, but names are case-sensitive"),
    ("&sign=", "it is empty"), ("&sign", "it is empty")])
def test_a_sign_of_another_name_or_without_a_value_is_missing_for_that_reason(
         shop: Shop, more: str, words: str) -> None:
    base = CURL.format(id=shop.merchants_id)
    for method in ("GET", "POST"):
        answer = sent_to(shop, base + more.format(sign=md5_sign(received(base), shop.token)), method)
        assert (answer["error"], answer["detail_error_des"]) == ("ILLEGAL_SIGN", f"sign is missing; {words}")


@every_row("query, error, mistake", [
    ("merchants_id={id}%C2%ACify_url=http://shop/n&trans_amount=1&sign={sign}", "ILLEGAL_PARTNER", "ENTITY"),
    ("trans_amount=1&amp;merchants_id={id}&amp;notify_url=http://shop/n&sign={sign}", "ILLEGAL_PARTNER",
     "AMPERSAND_ESCAPED"),
    ("merchants_id={id};notify_url=http://shop/n;trans_amount=1;sign={sign}", "ILLEGAL_PARTNER", "SEPARATOR"),
    ("merchants_id={id}&trans_amount=1&sign={sign}&sign_type=MD5%C2%ACify_url=http://shop/n",
     "ILLEGAL_SIGN_TYPE", "ENTITY")])
def test_it_is_named_too_where_it_hides_the_merchant_or_the_kind_of_signature(
         shop: Shop, query: str, error: str, mistake: str) -> None:
    params = {"merchants_id": shop.merchants_id, "trans_amount": "1", "notify_url": "http://shop/n"}
    whole_query = query.format(id=shop.merchants_id, sign=md5_sign(params, shop.token))
    answer = sent_to(shop, whole_query, "GET")
    explained = shop.journal(answer)["explanation"]
    assert (answer["error"], explained["mistakes"]) == (error, [mistake])
    assert explained["sentence"] in answer["detail_error_des"]
    assert shop.control.post("/sign/explain", {"params": received(whole_query)})["mistakes"] == [mistake]


def test_what_is_behind_a_number_sign_is_found_where_a_client_sends_it(shop: Shop) -> None:
    base = CURL.format(id=shop.merchants_id)
    sign = md5_sign({**received(base), "reference": "tea #1"}, shop.token)
    address = urlsplit(shop.control.url)
    path = f"/v2/tgpayqrcode.php?{base}&reference=tea+#1&sign={sign}"
    head = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"
    answer = raw_request(shop.control.url, head.encode()).decode()
    assert "sign is missing; a # that was not URL-encoded ended the query" in answer
    kept = sent_to(shop, f"{base}&reference=tea+", "GET")
    assert "the query ends with reference: a # that is not URL-encoded ends it" in kept["detail_error_des"]


# Other merchants' tokens.

def test_the_token_of_each_other_merchant_is_tried(shop: Shop) -> None:
    others = [shop.control.shop() for _ in range(150)]
    try:
        params = {"merchants_id": shop.merchants_id, "out_trade_no": "1"}
        for other in (others[0], others[119], others[149]):
            signed = {**params, "sign": md5_sign(params, other.token)}
            assert shop.journal(shop.send("tgpayquery", signed))["explanation"]["ways"] == [["OTHER_TOKEN"]]
            assert shop.control.post("/sign/explain", {"params": signed})["ways"] == [["OTHER_TOKEN"]]
        told = shop.send("tgpayquery", {**params, "sign": "0" * 32})["detail_error_des"]
        count = re.search(r"nor does the token of any of the (\d+) other merchants", told)
        assert count and int(count[1]) >= 150, told
        assert "check the token first" in told
    finally:
        for other in others:
            shop.control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_where_there_are_too_many_merchants_it_is_told_how_many_tokens_were_tried() -> None:
    tokens = [f"{number:032x}" for number in range(MOST_TOKENS + 1)]
    params = {"merchants_id": "1", "out_trade_no": "2"}
    last, beyond = (
        explanation.explain({**params, "sign": md5_sign(params, token)}, "f" * 32, tokens, merchants=10_000)
        for token in tokens[MOST_TOKENS - 1:])
    assert [mistake.code for mistake in last.mistakes] == ["OTHER_TOKEN"]
    assert beyond.mistakes == ()
    assert f"{MOST_TOKENS} of the 10000 tokens of other merchants were tried" in beyond.sentence


# Requests that are much work.

def test_too_many_parameters_are_refused_before_anything_is_done_with_them(shop: Shop) -> None:
    many = "".join(f"&a{number}=1" for number in range(110_000))
    for sign in ("", f"&sign={'0' * 32}"):
        answer = sent_to(shop, f"merchants_id={shop.merchants_id}{sign}{many}", "POST")
        assert answer["error"] == "ILLEGAL_ARGUMENT"
        assert "parameters are sent; at most 1000 are allowed" in answer["detail_error_des"]
        assert shop.verifies(answer)
        assert len(shop.journal(answer)["params"]) <= 1_010


@pytest.mark.parametrize("more, meant, code", [
    ("&amp;sign={sign}", {}, "AMPERSAND_ESCAPED"),
    ("&sign={sign}&reference=salt&pepper", {"reference": "salt&pepper"}, CUT)])
def test_a_password_is_told_nowhere(shop: Shop, more: str, meant: Params, code: str) -> None:
    base = f"merchants_id={shop.merchants_id}&user=WoS.101&password=hunter&tgpay_product=ACCOUNT_LOGIN"
    query = base + more.format(sign=md5_sign({**received(base), **meant}, shop.token))
    answer = sent_to(shop, query, "POST")
    kept, by_hand = shop.journal(answer), shop.control.post("/sign/explain", {"params": received(query)})
    assert kept["explanation"]["mistakes"] == by_hand["mistakes"] == [code]
    told = json.dumps([answer.text, kept, by_hand])
    assert "hunter" not in told and shop.token not in told

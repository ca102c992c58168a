"""Contract 3.3: card numbers and verification codes are never stored, logged or journalled, whichever way
they come.

Every way has a card of its own. All of them are gone once, and then everything that the emulator keeps or
tells is searched.
"""
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib import parse
from urllib import request as http_client

import pytest

from .driver import Answer, Control, Receiver, Server, Shop, card_of, exchange, pay_info
from .tables import every_row

pytestmark = pytest.mark.sqlite

FORM, JSON = {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "application/json"}


CODES = ("0000", "1000", "3084", "3150", "3200", "9998")
LEAST_CVV = 400
# Most of a number, whose first six and last four digits may be kept; and a verification code behind its name.
NUMBER = re.compile(rf"02(?:{'|'.join(CODES)})73(\d\d\d)".encode())
CODE = re.compile(rb"(?i)cv[vc]\w{0,8}\W{1,20}([4-9]\d\d)")


@dataclass(frozen=True)
class Card:
    """The test cards of one way, one for each of CODES; `place` makes their digits and the verification code
    its own.
    """

    place: int

    @property
    def variant(self) -> str:
        return f"73{self.place:03d}"

    @property
    def cvv(self) -> str:
        return str(LEAST_CVV + self.place)

    def of(self, code: str = "0000") -> str:
        return card_of(code, self.variant)

    def spaced(self, blank: str = " ") -> str:
        return blank.join(re.findall("....", self.of()))

    @property
    def escaped(self) -> str:
        """pay_info with each digit of the number as JSON may write it."""
        return self.info().replace(self.of(), "".join(f"\\u00{ord(digit):x}" for digit in self.of()))

    def info(self, code: str = "0000", **fields: Any) -> str:
        return pay_info(**{"cardNo": self.of(code), "cvv": self.cvv, **fields})


Way = Callable[[Shop, Card], object]


def paid(shop: Shop, card: Card, code: str = "0000", **params: Any) -> Answer:
    return shop.card_payment(**{"pay_info": card.info(code), **params})


def server_params(shop: Shop, card: Card, /, **more: Any) -> dict[str, str]:
    """A signed payment, to be sent in some other way."""
    return shop.signed(**{**shop.bankcard("1.00"), "access_type": "s2s", "device_channel": "browser",
                          "trans_channel": "credit_card",
                          "pay_info": card.info(), **more})


def encoded(shop: Shop, card: Card) -> str:
    return parse.urlencode(server_params(shop, card))


def posted(shop: Shop, body: bytes, headers: dict[str, str] = FORM, path: str = "tgpaybankcard.php",
           method: str = "POST") -> Answer:
    return exchange(f"{shop.control.url}/v2/{path}", method, body, headers)


def in_url(shop: Shop, card: Card, endpoint: str = "tgpaybankcard", method: str = "GET",
           body: bytes = b"") -> Answer:
    return posted(shop, body, FORM, f"{endpoint}.php?{encoded(shop, card)}", method)


def multipart(params: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    parts = "".join(f'--bound\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name,
                    value in params.items())
    return f"{parts}--bound--\r\n".encode(), {"Content-Type": "multipart/form-data; boundary=bound"}


def renamed(name: str, method: str = "POST") -> Way:
    """pay_info under another name."""
    return lambda shop, card: shop.card_payment(method=method, pay_info=None, **{name: card.info()})


def at_the_top(name: str, cvv: str) -> Way:
    """No pay_info; its fields are parameters of their own."""
    def way(shop: Shop, card: Card) -> Answer:
        params = server_params(shop, card, pay_info=None, **{name: card.of(), cvv: card.cvv})
        return shop.send("tgpaybankcard", params, "POST")
    return way


def beside(name: str) -> Way:
    """The number in pay_info and in another parameter."""
    return lambda shop, card: paid(shop, card, **{name: card.of()})


def twice(shop: Shop, card: Card, *codes: str) -> None:
    number = shop.number()
    for code in codes:
        paid(shop, card, code, out_trade_no=number)


def as_json(shop: Shop, card: Card, **layout: Any) -> bytes:
    params = server_params(shop, card)
    return json.dumps({**params, "pay_info": json.loads(params["pay_info"])}, **layout).encode()


# The ways of a card to /v2 and to the control interface.
PATHS: dict[str, Way] = {
    "success": paid,
    "decline": lambda shop, card: paid(shop, card, "3084"),
    "refusal by the test card of 1000": lambda shop, card: paid(shop, card, "1000"),
    "refusal of a second payment": lambda shop, card: twice(shop, card, "0000", "0000"),
    "second attempt": lambda shop, card: twice(shop, card, "3084", "0000"),
    "pending": lambda shop, card: paid(shop, card, "3150"),
    "3-D": lambda shop, card: paid(shop, card, "3200"),
    "no test card": lambda shop, card: paid(shop, card, "9998"),
    "number that fails the Luhn check": lambda shop,
    card: paid(shop, card, pay_info=card.info(cardNo=card.of()[:-1] + "x")),
    "validity over": lambda shop, card: paid(shop, card, pay_info=card.info(expirationYear="20")),
    "verification code too long": lambda shop, card: paid(shop, card, pay_info=card.info(cvv=card.cvv * 5)),
    "number of JSON": lambda shop,
    card: paid(shop, card, pay_info=card.info(cardNo=int(card.of()), cvv=int(card.cvv))),
    "number with blanks": lambda shop, card: paid(shop, card, pay_info=card.info(cardNo=card.spaced())),
    "number with dashes": lambda shop, card: paid(shop, card, pay_info=card.info(cardNo=card.spaced("-"))),
    "number escaped": lambda shop, card: paid(shop, card, pay_info=card.escaped),
    "wrong signature": lambda shop, card: paid(shop, card, sign="0" * 32),
    "wrong signature, of URL-encoded values": lambda shop, card: shop.send("tgpaybankcard", {
        **server_params(shop, card),
        "sign": server_params(shop, card, pay_info=parse.quote(card.info()))["sign"]}, "POST"),
    "no signature": lambda shop, card: paid(shop, card, sign=""),
    "unknown merchant": lambda shop, card: paid(shop, card, merchants_id="209901010001"),
    "other faults": lambda shop, card: paid(shop, card, trans_amount="x", language="de", risk_info="{"),
    "malformed JSON": lambda shop, card: paid(shop, card, pay_info=card.info()[:-1]),
    "JSON list": lambda shop, card: paid(shop, card, pay_info=f"[{card.info()}]"),
    "JSON twice": lambda shop, card: paid(shop, card, pay_info=json.dumps(card.info())),
    "number as a name in JSON": lambda shop,
    card: paid(shop, card, pay_info=json.dumps({card.of(): card.cvv, "cvv": card.cvv})),
    "pay_info encoded twice": lambda shop, card: paid(shop, card, pay_info=parse.quote(card.info())),
    "pay_info without JSON": lambda shop,
    card: paid(shop, card, pay_info=f"cardNo={card.of()},cvv={card.cvv}"),
    "pay_info sent twice": lambda shop,
    card: posted(shop, f"{encoded(shop, card)}&pay_info={parse.quote(card.info('3084'))}".encode()),
    "bytes that are not UTF-8": lambda shop,
    card: posted(shop, f"{encoded(shop, card)}&pay_info=%ff{parse.quote(card.info())}".encode()),
    "JSON body": lambda shop, card: posted(shop, as_json(shop, card), JSON),
    "JSON body as a form": lambda shop, card: posted(shop, as_json(shop, card)),
    "JSON body as a form, with blanks": lambda shop, card: posted(
        shop, as_json(shop, card, indent=1).replace(card.of().encode(), card.spaced().encode())),
    "JSON body as a form, to a wallet": lambda shop,
    card: posted(shop, as_json(shop, card), path="tgpayqrcode.php"),
    "XML body as a form": lambda shop,
    card: posted(shop, f"<pay><cardNo>{card.of()}</cardNo><cvv>{card.cvv}</cvv></pay>".encode()),
    "XML body as a form, to an unknown endpoint": lambda shop, card: posted(
        shop, f"<pay><cardNo>{card.of()}</cardNo><cvv>{card.cvv}</cvv></pay>".encode(), path="pay.php"),
    "number alone as a form": lambda shop, card: posted(shop, card.of().encode()),
    "multipart body": lambda shop, card: posted(shop, *multipart(server_params(shop, card))),
    "in the URL": lambda shop, card: paid(shop, card, method="GET"),
    "in the URL, with a wrong signature": lambda shop, card: paid(shop, card, method="GET", sign="0" * 32),
    "in the URL of a POST": lambda shop, card: in_url(shop, card, method="POST"),
    "in the URL of a PUT": lambda shop, card: in_url(shop, card, method="PUT"),
    "in the body of a PUT": lambda shop, card: posted(shop, encoded(shop, card).encode(), method="PUT"),
    "in the URL of a body that is too large": lambda shop,
    card: in_url(shop, card, method="POST", body=b"&" * (1024 * 1024 + 1)),
    "unknown endpoint": lambda shop,
    card: posted(shop, encoded(shop, card).encode(), path="tgpaybankcards.php"),
    "unknown endpoint, in the URL": lambda shop, card: in_url(shop, card, "tgpaycard"),
    "QR order": lambda shop, card: shop.qr_order(pay_info=card.info()),
    "H5 order": lambda shop, card: shop.h5_order(pay_info=card.info(), cvv=card.cvv),
    "barcode, posted": lambda shop, card: shop.ask("tgpaybarcode", "POST", pay_info=card.info()),
    "query": lambda shop, card: shop.ask("tgpayquery", out_trade_no="1", pay_info=card.info()),
    "user": lambda shop, card: shop.ask("tgpayuserinfo", user="nobody", password=card.of(),
                                        pay_info=card.info()),
    "QR order, in its reference too": lambda shop,
    card: shop.qr_order(pay_info=card.info(), reference=card.of()),
    "cashier order": lambda shop, card: shop.card_order(pay_info=card.info()),
    "cashier order, in its reference too": lambda shop,
    card: shop.card_order(pay_info=card.info(), reference=card.of()),
    "review": lambda shop, card: shop.card_service("approved", "1", pay_info=card.info()),
    **{f"as {name!r}": renamed(name)
       for name in ("payinfo", "payInfo", "PAY_INFO", "pay-info", "pay_info ", "pay info", "pay_info[]",
                    "payment_info")},
    **{f"as {name!r} in the URL": renamed(name, "GET") for name in ("payinfo", "Pay_Info")},
    **{f"at the top, as {name} and {cvv}": at_the_top(name, cvv) for name, cvv in (
        ("cardNo", "cvv"), ("card_no", "CVV"), ("cardNumber", "cvc"), ("pan", "cvv2"), ("card", "cvv"),
        ("cardNo", "cvvCode"), ("cardNum", "securityCode"), ("card_num", "security_code"), ("pan", "CSC"),
        ("ccNumber", "cvn2"), ("card[number]", "card[verification_value]"), ("cardNo", "\u5b89\u5168\u7801"),
        ("pay_info[cardNo]", "pay_info[cvv]"), ("pay_info.cardNo", "pay_info.cvv"))},
    "at the top of a wallet order": lambda shop, card: shop.qr_order(cardNo=card.of(), cvv=card.cvv),
    "at the top, with blanks": lambda shop,
    card: shop.card_payment(pay_info=None, cardNo=card.spaced(), cvv=card.cvv),
    "at the top, beside pay_info": lambda shop, card: paid(shop, card, cardNo=card.of(), cvv=card.cvv),
    **{f"in {name} too": beside(name) for name in (
        "reference", "out_trade_no", "goods_name", "goods_info", "terminal_id", "trans_amount", "undeclared",
        "service")},
    "in risk_info too": lambda shop,
    card: paid(shop, card, risk_info=json.dumps({"cust": {"registerUserId": card.of()}})),
    "in sub_account_data too": lambda shop,
    card: paid(shop, card, sub_account_data=json.dumps([{"id": card.of(), "amount": "0.5"}])),
    "in reference too, with blanks": lambda shop, card: paid(shop, card, reference=card.spaced()),
    "in reference too, with two blanks": lambda shop, card: paid(shop, card, reference=card.spaced("  ")),
    "in reference too, with dashes": lambda shop,
    card: paid(shop, card, reference=f"card {card.spaced('-')}"),
    "in reference too, with blanks in pay_info": lambda shop, card: paid(
        shop, card, pay_info=card.info(cardNo=card.spaced()), reference=card.of()),
    "in reference too, escaped in pay_info": lambda shop,
    card: paid(shop, card, pay_info=card.escaped, reference=card.of()),
    "in reference too, wrong signature": lambda shop,
    card: paid(shop, card, sign="0" * 32, reference=card.of()),
    "in reference too, with blanks, wrong signature": lambda shop,
    card: paid(shop, card, sign="0" * 32, reference=card.spaced()),
    "in reference too, malformed JSON": lambda shop,
    card: paid(shop, card, pay_info=card.info()[:-1], reference=card.of()),
    "signed by the control interface": lambda shop, card: shop.control.post(
        "/sign", {"merchants_id": shop.merchants_id, "params": server_params(shop, card)}),
    "explained by the control interface": lambda shop, card: shop.control.post(
        "/sign/explain", {"merchants_id": shop.merchants_id,
                          "params": {**server_params(shop, card), "sign": "0" * 32}}),
}


def on_the_page(shop: Shop, card: Card, code: str = "0000", query: str = "", **fields: str) -> Answer:
    """A card typed into the cashier's form; answers the page that follows."""
    url = shop.card_order()["pay_url"]
    typed = {"cardNo": card.of(code), "expirationMonth": "12", "expirationYear": "49", "cvv": card.cvv,
             "firstName": "Ken", **fields}
    moved = exchange(f"{url}/card{query}", "POST", parse.urlencode(typed).encode(), FORM)
    return exchange(parse.urljoin(url, moved.headers.get("Location", url)))


def on_the_issuers_page(shop: Shop, card: Card) -> Answer:
    """The number typed where the one-time code belongs."""
    url = json.loads(paid(shop, card, "3200")["payMethodResp"])["termUrl"]
    return exchange(f"{url}/answer", "POST", parse.urlencode({"code": card.of(), "cvv": card.cvv}).encode(),
                    FORM)


def exchanged(shop: Shop, body: bytes, query: str = "") -> Answer:
    return exchange(f"{shop.control.url}/sdk/card-voucher{query}", "POST", body, JSON)


def paid_by_voucher(shop: Shop, card: Card, code: str = "0000") -> Answer:
    voucher = exchanged(shop, card.info(code).encode()).json["cardVoucher"]
    return shop.card_payment(pay_info=json.dumps({"cardVoucher": voucher}))


# The ways of a card to the cashier's page, the issuer's page and /sdk.
PAGE_PATHS: dict[str, Way] = {
    "cashier's page": on_the_page,
    "cashier's page, decline": lambda shop, card: on_the_page(shop, card, "3084"),
    "cashier's page, refusal": lambda shop, card: on_the_page(shop, card, "1000"),
    "cashier's page, 3-D": lambda shop, card: on_the_page(shop, card, "3200"),
    "cashier's page, no test card": lambda shop, card: on_the_page(shop, card, "9998"),
    "cashier's page, validity over": lambda shop, card: on_the_page(shop, card, expirationYear="20"),
    "cashier's page, field missing": lambda shop, card: on_the_page(shop, card, expirationMonth=""),
    "cashier's page, with blanks": lambda shop, card: on_the_page(shop, card, cardNo=card.spaced()),
    "cashier's page, number as a name too": lambda shop, card: on_the_page(shop, card, firstName=card.of()),
    "cashier's page, in the URL": lambda shop,
    card: on_the_page(shop, card, query=f"?cardNo={card.of()}&cvv={card.cvv}&lang={card.of()}"),
    "cashier's page, opened with it in the URL": lambda shop, card: exchange(
        f"{shop.card_order()['pay_url']}?cardNo={card.of()}&cvv={card.cvv}&refused={card.of()}"),
    "cashier's page, as JSON": lambda shop,
    card: exchange(f"{shop.card_order()['pay_url']}/card", "POST", card.info().encode(), JSON),
    "issuer's page": on_the_issuers_page,
    "wallet page, in the URL": lambda shop,
    card: exchange(f"{shop.qr_order()['qr_code']}?failed={card.of()}"),
    "voucher": paid_by_voucher,
    "voucher, decline": lambda shop, card: paid_by_voucher(shop, card, "3084"),
    "voucher, never used": lambda shop, card: exchanged(shop, card.info().encode()),
    "voucher, no test card": lambda shop, card: exchanged(shop, card.info("9998").encode()),
    "voucher, faulty": lambda shop, card: exchanged(shop, card.info(expirationYear="20").encode()),
    "voucher, malformed JSON": lambda shop, card: exchanged(shop, card.info().encode()[:-1]),
    "voucher, in the URL": lambda shop, card: exchanged(shop, b"{}", f"?cardNo={card.of()}&cvv={card.cvv}"),
    "unknown page": lambda shop, card: exchange(f"{shop.control.url}/pay/{card.of()}?cvv={card.cvv}"),
}
CARDS = {name: Card(place) for place, name in enumerate({**PATHS, **PAGE_PATHS})}


@dataclass
class Remains:
    """What is found of cards in everything that is left when all have come: by the card's place, where and in
    what context.
    """

    leaks: dict[int, list[str]] = field(default_factory=dict)
    searched: dict[str, list[bytes]] = field(default_factory=dict, repr=False)

    def search(self, place: str, raw: bytes) -> "Remains":
        """Look at the bytes as they are, with URL and JSON escapes undone, and without blanks and dashes
        between digits.
        """
        plain = re.sub(rb"\\+u00(3\d)", lambda match: bytes.fromhex(match[1].decode()),
                       parse.unquote_to_bytes(raw.replace(b"+", b" ")))
        readings = {raw, plain, re.sub(rb"(?<=\d)[ -]+(?=\d)", b"", plain)}
        self.searched.setdefault(place, []).extend(readings)
        for text in readings:
            for needle, least in ((NUMBER, 0), (CODE, LEAST_CVV)):
                for found in needle.finditer(text):
                    context = text[max(0, found.start() - 60):found.end() + 20]
                    self.leaks.setdefault(int(found[1]) - least, []).append(f"{place}: …{context!r}…")
        return self


def rows(control: Control, path: str) -> Iterator[Any]:
    after = 0
    while after is not None:
        page = control.get(path, after=after, limit=1000)
        yield from page["items"]
        after = page["next"]


def told(control: Control) -> Iterator[tuple[str, bytes]]:
    """Every answer of the control interface to a GET."""
    paths = ["/health", "/clock", "/merchants", "/openapi.json"]
    for rows_of in ("/orders", "/journal", "/notifications"):
        found = list(rows(control, rows_of))
        assert found, f"nothing in {rows_of} to search"
        paths += [f"{rows_of}?limit=1000",
                  *(f"/notifications/{row['id']}" for row in found if rows_of == "/notifications"),
                  *(f"/journal/{row['id']}" for row in found if rows_of == "/journal"),
                  *(f"/orders/{row['merchants_id']}/{parse.quote(row['out_trade_no'], safe='')}"
                    for row in found if rows_of == "/orders")]
    for path in paths:
        yield f"GET {re.sub('[0-9].*', '…', path)}", control.ask("GET", path).raw


def streamed(shop: Shop) -> bytes:
    """All server-sent events from the beginning up to a last one."""
    lines = []
    asked = http_client.Request(f"{shop.control.url}/_emulator/events", headers={"Last-Event-ID": "0-0-0"})
    with http_client.urlopen(asked, timeout=20) as answer:
        shop.query("the last event")
        for line in answer:
            lines.append(line)
            if b"the last event" in line:
                return b"".join(lines)
    raise AssertionError("the stream ended")


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Remains:
    folder: Path = tmp_path_factory.mktemp("secrecy")
    found, receiver = Remains(), Receiver()
    with Server(database=folder / "emulator.db", log_level="debug") as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        for name, way in {**PATHS, **PAGE_PATHS}.items():
            way(shop, CARDS[name])
        shop.control.post("/notifications/flush")
        for place, raw in told(shop.control):
            found.search(place, raw)
        found.search("GET /events", streamed(shop))
        for path in folder.iterdir():
            found.search(path.name, path.read_bytes())
        found.search("output", server.stop()[1].encode())
    for path in folder.iterdir():
        found.search(f"{path.name} after the end", path.read_bytes())
    for heard in receiver.heard:
        found.search("notifications", heard.query.encode() + heard.body)
    receiver.close()
    assert {"emulator.db", "emulator.db-shm", "emulator.db-wal"} <= set(found.searched)
    return found


@every_row("name", CARDS)
def test_nothing_of_a_card_is_kept_or_told_but_its_first_six_and_last_four_digits(
        remains: Remains, name: str) -> None:
    assert remains.leaks.get(CARDS[name].place, []) == []


@every_row("place", ["emulator.db-wal", "GET /orders/…", "GET /journal/…", "GET /events", "notifications"])
def test_what_was_searched_has_what_the_ways_left(remains: Remains, place: str) -> None:
    assert any(b"tgpaybankcard" in text or b"result_code=3084" in text for text in remains.searched[place])


CARD = Card(7)


@every_row("written", [
    CARD.of(), CARD.spaced(), CARD.spaced("-"), parse.quote(CARD.spaced()), CARD.info(),
    parse.urlencode({"x": CARD.info()}), CARD.escaped, json.dumps(json.dumps({"a": CARD.info()})),
    f"cvv={CARD.cvv}", json.dumps({"pay_info[cvv]": CARD.cvv}), f"cvvCode%3D{CARD.cvv}"])
def test_the_search_finds_a_number_and_a_code_however_they_are_written(written: str) -> None:
    assert set(Remains().search("here", f"before {written} after".encode()).leaks) == {CARD.place}


def test_the_search_lets_the_first_six_and_the_last_four_digits_pass() -> None:
    masked = f"{CARD.of()[:6]}******{CARD.of()[-4:]}"
    assert Remains().search("here", f"{masked} cvv=***".encode()).leaks == {}

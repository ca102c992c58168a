"""User and password in a URL of a merchant: sent as HTTP Basic to its receiver, and shown nowhere."""
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from lxml import html

from tgpay_emulator.base import urls
from tgpay_emulator.cli import main

from .driver import VISA, Control, Receiver, Server, Shop, card_of, exchange, stream_at
from .tables import every_row

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
USER, PASSWORD = "Dev7user", "Pw9secret"
SECRETS = (USER, PASSWORD, b64encode(f"{USER}:{PASSWORD}".encode()).decode())


def with_password(url: str, user: str = f"{USER}:{PASSWORD}") -> str:
    return url.replace("://", f"://{user}@")


@pytest.mark.parametrize("user, sent", [
    ("dev:secret", "dev:secret"), ("dev", "dev:"), ("dev:", "dev:"), (":secret", ":secret"),
    ("d%40v:s%2Fc%3A%25", "d@v:s/c:%"), ("dev:a:b", "dev:a:b"), ("dev:p@ss", "dev:p@ss"),
    ("dev:se cret|茶", "dev:se cret|茶"), ("dev:%zz%", "dev:%zz%"), ("", None)])
def test_user_and_password_are_sent_as_basic_and_neither_in_the_request_line_nor_as_host(
         shop: Shop, receiver: Receiver, user: str, sent: str | None) -> None:
    changes = {"notify_url": with_password(receiver.url, user)}
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", changes)
    shop.pay_by_barcode()
    shop.card_payment(notify_url=with_password(f"{receiver.url}?a=1#b", user))
    for heard in receiver.wait_for(2):
        basic = sent and f"Basic {b64encode(sent.encode()).decode()}"
        assert heard.headers.get("authorization") == basic
        assert (heard.headers["host"], heard.path) == (receiver.url.split("/")[2], "/notify")
        assert "@" not in heard.query


@every_row("text, shown", [
    ("http://dev:secret@shop.example/n?a@b", "http://***@shop.example/n?a@b"),
    ("HTTP://dev@h", "HTTP://***@h"),
    ("http://@h/", "http://h/"), ("http://h/@team/n", "http://h/@team/n"),
    ("mail a@b, see http://h/", "mail a@b, see http://h/"),
    ("http://dev:s/e?c#r@t@h:80/n", "http://***@h:80/n"), ("myapp://dev:secret@paid", "myapp://***@paid"),
    ("http://h/?next=http://dev:secret@h/", "http://h/?next=http://***@h/"),
    ("Location: http://dev:secret@h/n", "Location: http://***@h/n"),
    ('{"url":"http:\\/\\/dev:secret@h\\/n"}', '{"url":"http:\\/\\/***@h\\/n"}'),
    ("http%3A%2F%2Fdev%3Asecret%40h%2Fn", "http%3A%2F%2F***%40h%2Fn"),
    ("u=http%3a%2f%2fdev%40h&x=a%40b", "u=http%3a%2f%2f***%40h&x=a%40b"),
    ("http%3A%2F%2Fh%2Fn%40x", "http%3A%2F%2Fh%2Fn%40x")])
def test_what_is_shown_of_a_text(text: str, shown: str) -> None:
    assert urls.discreet(text) == shown
    assert urls.discreet(shown) == shown


# Everything that is told of merchants, orders and notifications with a password in each of their URLs.

Busy = tuple[Shop, list[str], Server]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """A merchant after requests of all kinds, what events told of them meanwhile, and the server."""
    receiver = Receiver()
    repeated = f"{SECRETS[2]} {USER}:{PASSWORD}".encode()
    receiver.answers = [(500, repeated), (302, b""), (401, b"no"), (200, b"success")]
    receiver.headers = {"Location": with_password("http://shop.example/login")}
    database = tmp_path_factory.mktemp("urls") / "emulator.db"
    with Server(log_level="debug", notify_timeout="2s", database=database) as server:
        control = Control(server.url)
        told: list[str] = []
        stream = stream_at(f"{server.url}/_emulator/events")
        threading.Thread(target=lambda: told.extend(line.decode() for line in stream), daemon=True).start()
        shop = control.shop(notify_url=with_password(receiver.url))
        ask_in_all_ways(shop, receiver.url)
        control.post("/notifications/flush")
        yield shop, told, server
    receiver.close()


def ask_in_all_ways(shop: Shop, url: str) -> None:
    secret = with_password(url)
    params: dict[str, Any] = {"notify_url": secret, "return_url": secret, "redirect_url": secret}
    shop.plays({"name": "elsewhere", "when": {"notify_url": "http://elsewhere.example/"},
                "then": {"error": "BUYER_BALANCE_NOT_ENOUGH"}})
    shop.pay_by_barcode()
    shop.qr_order(notify_url=secret, reference=f"see {secret}", undeclared=secret)
    prepaid = shop.prepay_order(notify_url=with_password("http://127.0.0.1:1/n"), attach=secret)
    prepaid = prepaid["out_trade_no"]
    assert shop.happens(prepaid, "pay").status == 200
    assert shop.query(prepaid)["attach"] == secret
    exchange(f"{shop.h5_order(**params)['pay_url']}/pay", "POST")
    shop.at_terminal(notify_url=secret, amount="37.79")
    cashier = shop.card_order(**params)
    card = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
    exchange(f"{cashier['pay_url']}/card", "POST", urlencode(card).encode(), FORM)
    shop.card_payment(card_of("3200"), **params)
    shop.ask("tgpaygetopenid", client_url=secret)
    refused = [shop.qr_order(notify_url=with_password("http://127.0.0.1:0/n")),
               shop.qr_order(notify_url=f"http://{USER}:{PASSWORD}/x@h/"),
               shop.qr_order(notify_url=secret, sign="0" * 32),
               shop.qr_order(notify_url=quote(secret, safe="")),
               shop.qr_order(notify_url=secret, sign_type="RSA"),
               shop.qr_order(notify_url=secret, merchants_id="nobody"),
               shop.ask("nothing", **{secret: "name"})]
    refused.append(shop.qr_order(notify_url=secret, sign=shop.signed(notify_url=quote(secret))["sign"]))
    document = json.dumps({"notify_url": secret}).encode()
    exchange(f"{shop.control.url}/v2/tgpayqrcode.php", "POST", document, FORM)
    exchange(f"{shop.control.url}/v2/{quote(secret, safe='')}.php")
    setting = {"notify_url": with_password("http://a:0/")}
    signed = {"merchants_id": shop.merchants_id, "params": {"notify_url": secret, "sign": "0" * 32}}
    answers = [*refused, shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", setting),
               shop.control.ask("POST", "/sign/explain", signed)]
    leaks(*(answer.text for answer in answers))


def leaks(*texts: str) -> None:
    """Nothing of the secrets is in any of these."""
    assert texts
    for text in texts:
        assert [text[max(0, text.find(secret) - 300):][:400] for secret in SECRETS if secret in text] == []


def test_the_control_interface_shows_none(busy: Busy) -> None:
    shop, told, _ = busy
    control = shop.control
    orders = control.get("/orders", limit=1000)["items"]
    paths = ["/merchants", f"/merchants/{shop.merchants_id}", "/orders", "/notifications", "/journal",
             "/findings", "/scenario", "/terminals", "/settlement?merchants_id=" + shop.merchants_id]
    paths += [f"/orders/{order['merchants_id']}/{quote(order['out_trade_no'], safe='')}" for order in orders]
    paths += [f"/journal/{entry['id']}" for entry in control.get("/journal")["items"]]
    leaks(*(control.ask("GET", path).text for path in paths), "".join(told))
    assert told and len(orders) > 5
    assert control.get(f"/merchants/{shop.merchants_id}")["notify_url"].startswith("http://***@127.0.0.1:")
    notifications = control.get("/notifications")["items"]
    sent = {notification["request"]["url"].partition("/notify")[0] for notification in notifications}
    assert len(sent) == 2 and all(url.startswith("http://***@127.0.0.1:") for url in sent)


WITH_PAGES = ("orders", "notifications", "journal", "merchants")


@pytest.mark.exhaustive
def test_the_console_shows_none(busy: Busy) -> None:
    shop, _, _ = busy
    base = f"{shop.control.url}/console"
    lists = [exchange(f"{base}/{name}").text for name in (*WITH_PAGES, "scenarios", "settlement")]
    links = {link for page in lists for link in html.fromstring(page).xpath("//a/@href")}
    pages = {link for link in links if link.startswith(tuple(f"/console/{name}/" for name in WITH_PAGES))}
    assert len(pages) > 20
    leaks(*lists, *(exchange(f"{shop.control.url}{link}").text for link in pages))


def test_the_command_line_and_the_log_show_none(busy: Busy) -> None:
    shop, _, server = busy
    entry = shop.control.get("/journal")["items"][0]["id"]
    order = shop.control.get("/orders", merchants_id=shop.merchants_id)["items"][1]
    for command in (["merchants"], ["orders"], ["notify"], ["journal"], ["findings"], ["journal", str(entry)],
                    ["orders", f"{order['merchants_id']}/{order['out_trade_no']}"]):
        for flags in ([], ["--json"]):
            ran = CliRunner().invoke(main, [*command, *flags], env={"TGPAY_URL": shop.control.url})
            assert ran.exit_code == 0, ran.output
            leaks(ran.output)
    server.output.seek(0)
    leaks(server.output.read())


def test_the_receiver_was_told_and_the_signature_was_of_what_was_sent(busy: Busy) -> None:
    shop, _, _ = busy
    journal = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert [entry["verdict"] for entry in journal][:8] == ["OK"] * 8
    assert shop.control.get("/notifications", merchants_id=shop.merchants_id, status="delivered")["items"]
    found = shop.control.ask("GET", "/notifications").text
    assert "redirects to http://***@shop.example/login; redirects are not followed" in found


# Settings that are sent back as they were shown.

def test_a_shown_notify_url_sent_back_keeps_its_password(shop: Shop, receiver: Receiver) -> None:
    """Without the stars it has none any more; with another address the stars stand for nothing."""
    place = f"/merchants/{shop.merchants_id}"

    def basic() -> str | None:
        receiver.heard.clear()
        shop.pay_by_barcode()
        return receiver.wait_for(1)[0].headers.get("authorization")

    shop.control.ask("PATCH", place, {"notify_url": with_password(receiver.url)})
    shown = shop.control.get(place)
    assert shown["notify_url"] == receiver.url.replace("://", "://***@")
    settings = {name: value for name, value in shown.items() if name != "merchants_id"}
    assert shop.control.ask("PATCH", place, settings).status == 200
    assert basic() == f"Basic {SECRETS[2]}"
    page = exchange(f"{shop.control.url}/console{place}")
    form = next(form for form in html.fromstring(page.text).forms if "notify_url" in form.fields)
    typed = urlencode(form.form_values()).encode()
    saved = exchange(f"{shop.control.url}/console{place}", "POST", typed, FORM)
    assert (saved.status, basic()) == (303, f"Basic {SECRETS[2]}")
    for wrong in (f"{shown['notify_url']}/elsewhere", "http://***@shop.example/"):
        refused = shop.control.ask("PATCH", place, {"notify_url": wrong})
        assert (refused.status, "write them again" in refused.text) == (422, True)
    assert shop.control.ask("POST", "/merchants", {"notify_url": shown["notify_url"]}).status == 422
    shop.control.ask("PATCH", place, {"notify_url": receiver.url})
    assert basic() is None


def test_a_form_with_another_mistake_does_not_show_the_password_that_was_typed(shop: Shop) -> None:
    typed = {"notify_url": with_password("http://127.0.0.1:9/n"), "name": "", "notify_method": "GET",
             "currency": "GBP", "rate": "9", "fee_rate": "0"}
    address = f"{shop.control.url}/console/merchants/{shop.merchants_id}"
    page = exchange(address, "POST", urlencode(typed).encode(), FORM)
    leaks(page.text)
    assert page.status == 422
    wrong = html.fromstring(page.text).xpath("//*[@id='wrong-notify_url']/text()")
    assert wrong == ["enter the user name and password again"]


def test_a_reset_goes_back_to_the_password_of_the_beginning(control: Control, receiver: Receiver) -> None:
    made = control.shop(notify_url=with_password(receiver.url))
    control.ask("PATCH", f"/merchants/{made.merchants_id}", {"notify_url": ""})
    control.post("/reset", merchants_id=made.merchants_id)
    made.pay_by_barcode()
    assert receiver.wait_for(1)[0].headers["authorization"] == f"Basic {SECRETS[2]}"

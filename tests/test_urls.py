"""URLs of merchants: which are taken, how they are escaped for use, and that none makes the server fail."""
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from lxml import html

import pytest

from tgpay_emulator.base.urls import origin, with_query

from .driver import VISA, Answer, Receiver, Shop, card_of, exchange
from .tables import every_row

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CARD = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
PLACES: dict[str, Callable[..., Answer]] = {
    "notify_url": Shop.qr_order, "return_url": Shop.h5_order, "redirect_url": Shop.card_order,
    "client_url": lambda shop, **params: shop.ask("tgpaygetopenid", **params)}

LONGEST = f"http://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/"
# As it is sent, and as it is used.
TAKEN = [
    ("http://127.0.0.1:9000/validate/Watches of Switzerland/London/50",
     "http://127.0.0.1:9000/validate/Watches%20of%20Switzerland/London/50"),
    ("HTTP://Shop.example/Paid", "http://Shop.example/Paid"),
    ("http://shop.example", "http://shop.example"),
    ("http://shop.example?a=1", "http://shop.example?a=1"),
    ("http://shop.example/a|b\\c^d\"e<f>g[h]{i}`j",
     "http://shop.example/a%7Cb%5Cc%5Ed%22e%3Cf%3Eg%5Bh%5D%7Bi%7D%60j"),
    ("http://shop.example/it's;a=(b),c!$&*+~@:", "http://shop.example/it's;a=(b),c!$&*+~@:"),
    ("http://shop.example/50%/%zz/%41%2f%e8%8c%b6", "http://shop.example/50%25/%25zz/%41%2f%e8%8c%b6"),
    ("http://shop.example/茶?q=茶 é&x=[1]?y#茶 #",
     "http://shop.example/%E8%8C%B6?q=%E8%8C%B6%20%C3%A9&x=%5B1%5D?y#%E8%8C%B6%20%23"),
    ("http://茶.example:80/", "http://xn--cl1a.example:80/"),
    ("http://xn--cl1a.example/", "http://xn--cl1a.example/"),
    ("http://ex%C3%A4mple.com/", "http://xn--exmple-cua.com/"),
    ("http://[::1]:9000/n", "http://[::1]:9000/n"),
    ("http://localhost.:9000/n", "http://localhost.:9000/n"),
    ("http://shop_web-1:9000/n", "http://shop_web-1:9000/n"),
    ("http://shop.example:/n", "http://shop.example/n"),
    ("http://shop.example:00080/n", "http://shop.example:80/n"),
    ("http://2852039166/", "http://2852039166/"),
    (LONGEST, LONGEST),
]
REFUSED = [
    "shop.example/n", "//shop.example/n", "/n", "http:", "http:/shop.example/", "http://", "http:///n",
    "http://?a", "http://@/", "http://user:word@/n", "http://:80/", "javascript://shop.example/%0Aalert(1)",
    "data:text/html,x", " http://shop.example/", "http://[bad", "http://[::1", "http://[::1]a/",
    "http://[::1%25eth0]/", "http://[1.2.3.4]/", "http://::1/", "http://a:b/", "http://a:0/",
    "http://a:99999/", "http://a:-1/", "http://a:８０/", f"http://a:{'9' * 5000}/", "http://a:1:2/",
    "http://a..b/", "http://.a/", "http://./", "http://ä..b/", f"http://{'a' * 64}/", f"http://{'ä' * 63}/",
    f"http://{'a.' * 127}b/", "http://a b/", "http://shop.example /", "http://a<b/", "http://a|b/",
    "http://a,b/", "http://a%2Fb/", "http://a%00b/", "http://a%FFb/", "http://ex／ample/",
    "http://\u202ea.example/", "http://xn--/", "http://xn--a-/", "http://xn--a.xn--99999999999/",
    "http://shop.example\\@evil.example/", "http://shop.example\\.evil.example/", "http:\\\\shop.example\\",
    "http://user\\@shop.example/", "http://shop.example/\r\nSet-Cookie: a=b", "http://shop.example/a\nb",
    "http://shop\t.example/", "http://shop.example/\x7f", "http://shop.example/\x85",
]


def escaped_link(page: Answer) -> str:
    return html.fromstring(page.text).xpath("//a[@class='button']/@href")[0]


@pytest.mark.exhaustive
@every_row("sent, used", TAKEN)
def test_a_url_is_taken_as_it_is_and_escaped_where_it_is_used(shop: Shop, sent: str, used: str) -> None:
    joint = "&" if "?" in used else "?"
    bare, mark, fragment = used.partition("#")
    went = PLACES["client_url"](shop, client_url=sent).headers["Location"]
    assert went.startswith(f"{bare}{joint}openid=o") and went.endswith(mark + fragment) and went.isascii()
    wallet = shop.h5_order(return_url=sent)
    assert exchange(f"{wallet['pay_url']}/pay", "POST").headers["Location"] == used
    assert exchange(f"{wallet['pay_url']}/state").json["go_on"] == used
    assert escaped_link(exchange(wallet["pay_url"])) == used
    cashier = shop.card_order(redirect_url=sent, return_url=sent)
    assert html.fromstring(exchange(cashier["pay_url"]).text).xpath("//p[@class='acts']/a/@href") == [used]
    exchange(f"{cashier['pay_url']}/card", "POST", urlencode(CARD).encode(), FORM)
    assert escaped_link(exchange(cashier["pay_url"])).startswith(f"{bare}{joint}merchants_id=")
    assert shop.story(wallet["out_trade_no"])["details"]["return_url"] == sent
    changed = shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": sent})
    assert changed.json["notify_url"] == sent


def test_the_issuers_page_leads_to_the_escaped_address(shop: Shop) -> None:
    answer = shop.card_payment(card_of("3200"), redirect_url="http://127.0.0.1:9/Watches of/茶#a b")
    url = answer["payMethodResp"].split('"termUrl":"')[1].partition('"')[0]
    went = exchange(f"{url}/answer", "POST", b"code=123456", FORM).headers["Location"]
    assert went.startswith("http://127.0.0.1:9/Watches%20of/%E8%8C%B6?merchants_id=")
    assert went.endswith("#a%20b")


@pytest.mark.exhaustive
@every_row("url", REFUSED, ids=ascii)
def test_what_is_no_url_is_refused_in_every_place(shop: Shop, url: str) -> None:
    for name, ask in PLACES.items():
        answer = ask(shop, **{name: url})
        assert (answer["error"], answer.status) == ("ILLEGAL_ARGUMENT", 200), name
        assert f"{name} is not an absolute" in answer["detail_error_des"]
    for method, path in (("POST", "/merchants"), ("PATCH", f"/merchants/{shop.merchants_id}")):
        refused = shop.control.ask(method, path, {"notify_url": url})
        assert (refused.status, list(refused.json["errors"])) == (422, ["notify_url"])
    # A browser's form cannot send what it strips from a line.
    if url == url.strip():
        form = urlencode({**shop.made, "notify_url": url, "rate": "9.0", "fee_rate": "0.006"}).encode()
        console = f"{shop.control.url}/console/merchants/{shop.merchants_id}"
        assert exchange(console, "POST", form, {**FORM, "Origin": shop.control.url}).status == 422
    assert shop.control.get(f"/merchants/{shop.merchants_id}")["notify_url"] == ""


@every_row("url", [
    "http://a/\ud800", 7, ["http://a/"], None, True, f"http://a/{'x' * 2048}"], ids=ascii)
def test_what_only_json_can_send_is_refused_as_a_setting(shop: Shop, url: Any) -> None:
    changed = shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": url})
    assert changed.status in (400, 422)


def test_one_url_with_spaces_serves_as_notify_url_and_redirect_url(shop: Shop, receiver: Receiver) -> None:
    url = f"{receiver.url}/Watches of Switzerland/茶|50%"
    order = shop.card_order(notify_url=url, redirect_url=url)
    exchange(f"{order['pay_url']}/card", "POST", urlencode(CARD).encode(), FORM)
    used = "/notify/Watches%20of%20Switzerland/%E8%8C%B6%7C50%25"
    assert receiver.wait_for(1)[0].path == used
    assert exchange(escaped_link(exchange(order["pay_url"]))).text == "success"
    assert receiver.heard[1].path == used and receiver.heard[1].fields["status"] == "success"
    entry = shop.journal(order)
    found = {finding["detail"].partition(" has")[0] for finding in entry["findings"]}
    assert found == {"notify_url", "redirect_url"}
    assert (entry["params"]["notify_url"], entry["params"]["redirect_url"]) == (url, url)
    assert shop.story(order["out_trade_no"])["notify_url"] == url


@every_row("query, found", [
    ("?a=1", {"NOTIFY_URL_QUERY"}), ("#a?b", set()), ("/a b?c", {"NOTIFY_URL_QUERY", "URL_NOT_ESCAPED"})])
def test_findings_of_a_notify_url(shop: Shop, query: str, found: set[str]) -> None:
    assert shop.findings(shop.qr_order(it_b_pay="1d", notify_url=f"http://127.0.0.1:9{query}")) == found


# Apps.

OWN = [("myapp://paid", "myapp"), ("MyApp+1.2-x://a b?c=\"'<d>", "myapp+1.2-x"), ("weixin://", "weixin"),
       ("intent://Paid#Intent;scheme=myapp;end", "intent"), ("myapp://a:b/", "myapp"),
       ("myapp://a..b\\@[c", "myapp")]
NEVER = ["javascript://x", "JavaScript:alert(1)", "java\tscript://x", "\x01javascript://x", " javascript://x",
         "data://x", "data:text/html,x", "vbscript://x", "FILE:///etc/passwd", "blob://x", "about://blank",
         "ｊavascript://x", "1app://x", "://x", "my app://x"]


@every_row("url, scheme", OWN)
def test_apps_come_back_by_a_scheme_of_their_own(shop: Shop, url: str, scheme: str) -> None:
    wallet = shop.h5_order(return_url=url)
    page = exchange(wallet["pay_url"])
    assert f"{scheme}:" in page.headers["Content-Security-Policy"].partition("form-action")[2].split()
    went = exchange(f"{wallet['pay_url']}/pay", "POST").headers["Location"]
    assert went == escaped_link(exchange(wallet["pay_url"]))
    assert went == exchange(f"{wallet['pay_url']}/state").json["go_on"]
    assert went.startswith(f"{scheme}://") and not set(went) & set(" \"<>")
    for system in ("android", "ios"):
        order = shop.card_order(redirect_url=url, return_url=url, terminal_type=system)
        page = exchange(order["pay_url"])
        assert f"{scheme}:" in page.headers["Content-Security-Policy"].partition("form-action")[2].split()
        assert html.fromstring(page.text).xpath("//p[@class='acts']/a/@href") == [went]
    paid = shop.card_payment(card_of("3200"), redirect_url=url, terminal_type="ios")["payMethodResp"]
    answered = exchange(f"{paid.split('termUrl')[1].split(chr(34))[2]}/answer", "POST", b"code=123456", FORM)
    assert answered.headers["Location"].startswith(f"{scheme}://")
    assert "&sign=" in answered.headers["Location"]


@every_row("ask, name", [
    (lambda shop, **url: shop.h5_order(scene_type="WEBSITE_PAY", **url), "return_url"),
    *((lambda shop, name=name, kind=kind, **url: shop.card_order(terminal_type=kind, **url), name)
      for name in ("return_url", "redirect_url") for kind in ("web", "h5", None)),
    (lambda shop, **url: shop.card_payment(**url), "redirect_url"), (Shop.qr_order, "notify_url"),
    (lambda shop, **url: shop.card_order(terminal_type="ios", **url), "notify_url"),
    (PLACES["client_url"], "client_url")])
def test_in_a_browser_and_for_servers_they_do_not(shop: Shop, ask: Callable[..., Answer], name: str) -> None:
    answer = ask(shop, **{name: "myapp://paid"})
    assert answer["error"] == "ILLEGAL_ARGUMENT" and name in answer["detail_error_des"]


@every_row("url", NEVER, ids=ascii)
def test_a_scheme_that_runs_programs_or_reads_files_is_never_taken(shop: Shop, url: str) -> None:
    for answer in (shop.h5_order(return_url=url), shop.card_order(terminal_type="android", redirect_url=url),
                   shop.card_order(terminal_type="ios", return_url=url)):
        assert answer["error"] == "ILLEGAL_ARGUMENT"


@every_row("url, server", [
    ("http://Shop.example/a?b=c#d", "http://shop.example"),
    ("HTTP://shop.example:80/", "http://shop.example"), ("https://shop.example:443", "https://shop.example"),
    ("https://shop.example:80", "https://shop.example:80"),
    ("http://user:secret@127.0.0.1:9000/n", "http://127.0.0.1:9000"),
    ("http://[::1]:9000/", "http://[::1]:9000"), ("myapp://user:secret@paid", "myapp://***@paid"), ("", "")])
def test_a_server_is_scheme_host_and_port(url: str, server: str) -> None:
    assert origin(url) == server


@pytest.mark.parametrize("url, joined", [
    ("http://h", "http://h?a=1&b=%26+x"), ("http://h/p", "http://h/p?a=1&b=%26+x"), ("/p", "/p?a=1&b=%26+x"),
    ("http://h/p?c=2", "http://h/p?c=2&a=1&b=%26+x"), ("http://h/p?", "http://h/p?a=1&b=%26+x"),
    ("http://h/p?c=2&", "http://h/p?c=2&a=1&b=%26+x"), ("http://h/p?c=2?", "http://h/p?c=2?&a=1&b=%26+x"),
    ("http://h/p#top", "http://h/p?a=1&b=%26+x#top"),
    ("http://h/p?c=2#a?b", "http://h/p?c=2&a=1&b=%26+x#a?b"),
    ("http://h/p?#", "http://h/p?a=1&b=%26+x#"), ("http://h/a&", "http://h/a&?a=1&b=%26+x"),
    ("myapp://paid", "myapp://paid?a=1&b=%26+x"),
])
def test_a_query_is_joined_to_a_url_in_one_way(url: str, joined: str) -> None:
    assert with_query(url, {"a": 1, "none": None, "b": "& x"}) == joined
    assert with_query(url, {"none": None}) == with_query(url, {}) == url

"""Contract 2.8, `tgpaygetopenid.php` (section 12): who the payer is in WeChat."""
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, unquote, urlsplit

from ..driver import Answer, Shop
from ..tables import every_row

DOCUMENTED_URL = (
    "http://sys.tgpaypro.com/tgpaycode/?m=2017010100011&s=201701010001&out_trade_no=201701010001001843211105205612"
    "&reference=&total_fee=0.01&sign=ee88a2e3ad8346abb24c1709efdcba7b")


def ask(shop: Shop, client_url: str, cookies: str = "", method: str = "GET") -> Answer:
    return shop.send("tgpaygetopenid", shop.signed(client_url=client_url), method,
                     {"Cookie": cookies} if cookies else None)


def cookies_of(answer: Answer) -> str:
    jar = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie"):
        jar.load(line)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


def openid_of(answer: Answer) -> str:
    assert answer.status == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["openid"]


@every_row("client_url", [
    "http://shop.example", "https://shop.example/", "https://shop.example/pay",
    "https://shop.example:8443/pay?", DOCUMENTED_URL,
    "https://shop.example/pay?m=1", "https://shop.example/pay?m=1&", "https://shop.example/pay#top",
    "https://shop.example/pay?m=1#top",
    "https://shop.example/pay?a=%26%3D&a=2&b=", "https://shop.example/a%2Fb/?q=%E8%8C%B6",
    "https://shop.example/#/app?x=1",
    "https://shop.example/茶?q=咖啡#片段", "HTTPS://Shop.Example/Pay", "https://user@shop.example/",
    "http://[::1]:8080/x", "http://127.0.0.1:9/x?openid=old"])
@every_row("method", ["GET", "POST"])
def test_the_browser_goes_to_the_client_url_with_the_openid_added(
        shop: Shop, client_url: str, method: str) -> None:
    answer = ask(shop, client_url, method=method)
    assert answer.status == 302
    went, asked = urlsplit(answer.headers["Location"]), urlsplit(client_url)
    assert answer.headers["Location"].isascii()
    assert (went.scheme.lower(), went.netloc.lower(), unquote(went.path), unquote(went.fragment)) == (
        asked.scheme.lower(), asked.netloc.lower(), unquote(asked.path), unquote(asked.fragment))
    query = parse_qsl(went.query, keep_blank_values=True)
    assert query[:-1] == parse_qsl(asked.query, keep_blank_values=True)
    assert query[-1][0] == "openid"


def test_an_openid_is_28_characters_beginning_with_o(shop: Shop) -> None:
    openid = openid_of(ask(shop, DOCUMENTED_URL))
    assert len(openid) == 28
    assert openid[0] == "o"
    assert openid.isascii() and openid.replace("-", "").replace("_", "").isalnum()


def test_the_same_browser_has_the_same_openid_at_a_merchant(shop: Shop) -> None:
    first = ask(shop, "https://shop.example/1")
    for _ in range(3):
        assert openid_of(ask(shop, "https://shop.example/2", cookies_of(first))) == openid_of(first)


def test_another_browser_has_another_openid(shop: Shop) -> None:
    assert len({openid_of(ask(shop, "https://shop.example/")) for _ in range(5)}) == 5


def test_the_same_browser_has_another_openid_at_another_merchant(shop: Shop) -> None:
    other = shop.control.shop()
    first = ask(shop, "https://shop.example/")
    second = ask(other, "https://shop.example/", cookies_of(first))
    assert openid_of(second) != openid_of(first)
    both = f"{cookies_of(first)}; {cookies_of(second)}"
    assert openid_of(ask(shop, "https://shop.example/", both)) == openid_of(first)
    assert openid_of(ask(other, "https://shop.example/", both)) == openid_of(second)
    other.control.ask("DELETE", f"/merchants/{other.merchants_id}")


@every_row("forged", ["<script>", "x" * 28, "o\"; Path=/", "oo", "%0d%0a"])
def test_a_forged_cookie_gives_no_forged_openid(shop: Shop, forged: str) -> None:
    name = cookies_of(ask(shop, "https://shop.example/")).partition("=")[0]
    openid = openid_of(ask(shop, "https://shop.example/", f"{name}={forged}"))
    assert (len(openid), openid[0]) == (28, "o")
    assert openid not in forged


@every_row("client_url", [
    "", "shop.example/pay", "/pay", "//shop.example/pay", "ftp://shop.example/", "javascript:alert(1)",
    "http://", "https:///pay", "http:shop.example", "http://shop.example:port/", "http://shop.example:99999/",
    "http://[::1/", "http://shop.example/\r\nSet-Cookie: a=b", "http://shop.example/\tx", "data:text/html,x"])
def test_what_is_no_absolute_http_url_is_refused(shop: Shop, client_url: str) -> None:
    answer = ask(shop, client_url)
    assert (answer.status, answer["is_success"], answer["error"]) == (200, "F", "ILLEGAL_ARGUMENT")
    assert "client_url" in answer["detail_error_des"]
    assert "Location" not in answer.headers


def test_refusals_are_xml(shop: Shop) -> None:
    for params, error in (({"client_url": DOCUMENTED_URL, "sign": "0"}, "ILLEGAL_SIGN"),
                          ({"sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE"),
                          ({"merchants_id": "nobody"}, "ILLEGAL_PARTNER"), ({}, "ILLEGAL_ARGUMENT")):
        answer = shop.send("tgpaygetopenid", shop.signed(**params))
        assert (answer.headers["Content-Type"], answer["error"]) == ("text/xml; charset=utf-8", error)


def test_the_documents_request_needs_no_sign_type(shop: Shop) -> None:
    answer = shop.ask("tgpaygetopenid", client_url=DOCUMENTED_URL, sign_type=None)
    assert answer.status == 302
    assert shop.findings(answer) == {"SIGN_TYPE_MISSING"}


def test_browser_code_may_read_the_answer_and_the_journal_tells_where_it_led(shop: Shop) -> None:
    answer = ask(shop, "https://shop.example/pay")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert openid_of(answer) in shop.journal(answer)["answer"]

"""The cashier and the issuer's page for a plain HTTP client that follows their forms (contract 1.1, 2.7, 3.1,
3.2, 5.1).
"""
import re
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from lxml import html

from .driver import VISA, Answer, Clock, Control, Receiver, Shop, card_of, exchange
from .payer import events, issuer_of, outcome, told_to
from .tables import every_row

FORM = "application/x-www-form-urlencoded"
CARD = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
THREE_D = card_of("3200")
ELSEWHERE = "https://elsewhere.example"
UNLISTED = "00042"  # a variant that has no meaning of its own, and is in no list on the page


def post(url: str, fields: dict[str, str] | None = None, origin: str | None = None) -> Answer:
    headers = {"Content-Type": FORM, **({"Origin": origin} if origin is not None else {})}
    return exchange(url, "POST", urlencode(fields or {}).encode(), headers)


def forms(url: str, page: Answer) -> list[Any]:
    """The forms of a page, their actions absolute."""
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return list(html.fromstring(page.text, base_url=url).forms)


def submit(url: str, form: Any, origin: str | None = None, **typed: str) -> Answer:
    """The form, with what is typed into its fields."""
    assert form.method == "POST"
    assert set(typed) <= set(form.fields)
    return post(urljoin(url, form.action), {**dict(form.form_values()), **typed}, origin)


def followed(url: str, answer: Answer) -> tuple[str, Answer]:
    """The page that a form leads to, within the emulator."""
    while answer.status == 303:
        url = urljoin(url, answer.headers["Location"])
        answer = exchange(url)
    return url, answer


def presented(order: Answer, number: str = VISA, **fields: str) -> Answer:
    """A card posted to the cashier."""
    return post(f"{order['pay_url']}/card", {**CARD, "cardNo": number, **fields})


def cut_out(answer: Answer, name: str) -> str:
    """A field as a careless client reads it: by string search, without unescaping."""
    return answer.text.split(f"<{name}>")[1].split(f"</{name}>")[0]


# pay_url.

@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pay_url_cut_out_of_the_raw_text_is_short_and_opens(shop: Shop, method: str) -> None:
    order = shop.card_order("8.00", return_url="http://127.0.0.1:9/?a=1&b=2",
                            redirect_url="http://127.0.0.1:9/?c=1&d=2")
    pay_url = cut_out(order, "pay_url")
    assert "&" not in pay_url and len(pay_url) < 80
    form, = forms(pay_url, exchange(pay_url, method))
    assert set(CARD) <= set(form.fields)


@pytest.mark.parametrize("kind", ["pay", "3ds"])
def test_pages_open_by_post_from_the_shops_site(shop: Shop, kind: str) -> None:
    url = shop.card_order()["pay_url"] if kind == "pay" else issuer_of(shop.card_payment(THREE_D))["termUrl"]
    assert forms(url, post(url, {"creq": "x"}, ELSEWHERE))


def test_the_whole_way_by_forms_pays(shop: Shop) -> None:
    order = shop.card_order()
    url = order["pay_url"]
    form, = forms(url, exchange(url))
    url, page = followed(url, submit(url, form, **CARD))
    assert url.startswith(order["pay_url"]) and page.status == 200
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


def test_a_card_may_be_typed_with_blanks_or_dashes(shop: Shop) -> None:
    for number in ("4111 1111 1111 1111", "4111-1111-1111-1111", f" {VISA} "):
        order = shop.card_order()
        presented(order, number)
        assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


def test_a_month_may_be_typed_with_one_digit(shop: Shop) -> None:
    order = shop.card_order()
    presented(order, VISA, expirationMonth="1")
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


@every_row("expiry, code", [
    ("12/49", "0000"), ("12 / 49", "0000"), ("1249", "0000"), ("1/49", "0000"), ("12/2049", "0000"),
    ("12/20", "3096"), ("13/49", "3096"), ("12/2149", "3096"), ("soon", "3096"), ("12/", "3096")])
def test_month_and_year_may_be_typed_into_one_field(shop: Shop, expiry: str, code: str) -> None:
    order = shop.card_order()
    form, = forms(order["pay_url"], exchange(order["pay_url"]))
    submit(order["pay_url"], form, cardNo=VISA, expiry=expiry, cvv="123")
    assert outcome(shop, order["out_trade_no"])[0] == code


def test_a_card_posted_twice_pays_once(shop: Shop) -> None:
    order = shop.card_order()
    presented(order)
    assert presented(order).status == 303
    assert events(shop, order["out_trade_no"]) == ["create", "pay"]


# What the posted card is checked for.

@every_row("missing", CARD)
def test_a_missing_field_leads_back_to_the_form_and_writes_nothing(shop: Shop, missing: str) -> None:
    order = shop.card_order()
    for fields in ({name: value for name, value in CARD.items() if name != missing}, {**CARD, missing: " "}):
        url, page = followed(order["pay_url"], post(f"{order['pay_url']}/card", fields))
        assert len(forms(url, page)) == 1
        assert html.fromstring(page.text).xpath("//*[@role='alert'][normalize-space()]")
    assert (events(shop, order["out_trade_no"]), outcome(shop, order["out_trade_no"])) == (
        ["create"], ("", "received"))


@every_row("fields, code", [
    ({"cardNo": "4111111111111112"}, "3101"), ({"cardNo": "4012888888881881"}, "3101"),
    ({"cardNo": "4" * 31}, "3101"), ({"cardNo": "\u0664\u0661\u0661\u0661" * 4}, "3101"),
    ({"cardNo": "4111\x001111 1111 1111"}, "3101"), ({"cardNo": "no card"}, "3101"),
    ({"expirationMonth": "01", "expirationYear": "24"}, "3096"), ({"expirationMonth": "13"}, "3096"),
    ({"expirationYear": "2049"}, "3096"), ({"expirationMonth": "\u0661\u0662"}, "3096"),
    ({"cvv": "12"}, "3104"), ({"cvv": "1234"}, "3104"), ({"cardNo": "378282246310005"}, "3104"),
    ({"cvv": "x" * 1000}, "3104")])
def test_a_card_that_the_form_would_not_have_sent_is_declined(
        shop: Shop, fields: dict[str, str], code: str) -> None:
    order = shop.card_order()
    url, page = followed(order["pay_url"], post(f"{order['pay_url']}/card", {**CARD, **fields}))
    assert (page.status, code in page.text) == (200, True)
    assert outcome(shop, order["out_trade_no"]) == (code, "failed")


def test_a_card_is_good_to_the_last_day_of_its_month_in_shanghai(shop: Shop, clock: Clock) -> None:
    clock.set("2027-02-28T15:59:30Z")
    clock.freeze()
    good, late = shop.card_order(), shop.card_order()
    presented(good, expirationMonth="02", expirationYear="27")
    assert outcome(shop, good["out_trade_no"]) == ("0000", "success")
    clock.advance("30s")
    presented(late, expirationMonth="02", expirationYear="27")
    assert outcome(shop, late["out_trade_no"]) == ("3096", "failed")


@every_row("code", ["0000", "3084", "3100", "3150", "3200", "1000", "3101"])
def test_no_answer_has_the_number_or_the_code_that_was_posted(shop: Shop, code: str) -> None:
    number = card_of(code, UNLISTED) if code != "3101" else "4012888888881881"
    order = shop.card_order(redirect_url="http://127.0.0.1:9/paid")
    url = order["pay_url"]
    answers = [presented(order, number, cvv="987")]
    answers.append(followed(url, answers[0])[1])
    answers += [exchange(url), exchange(f"{url}?again=1"), exchange(f"{url}/state"),
                shop.query(order["out_trade_no"])]
    told = "".join(f"{answer.text}{answer.headers}"
                   for answer in answers) + str(shop.story(order["out_trade_no"]))
    told = re.sub(r"'id': \d+|X-TGPay-Request: \d+", "", told)  # numbers that count may come to 987 too
    assert number not in told.replace(" ", "")
    assert not re.search(r"(?<![\w.-])987(?![\w.-])", told)  # within a token drawn by chance it says nothing
    assert number not in str(shop.control.get("/journal", merchants_id=shop.merchants_id))


# 3-D, form by form.

def test_the_way_of_a_3d_payment_leads_over_the_issuers_forms_to_redirect_url(shop: Shop) -> None:
    payment = shop.card_payment(THREE_D, redirect_url="http://127.0.0.1:9/paid?shop=1#done")
    way = issuer_of(payment)
    answer_form, cancel_form = forms(way["termUrl"], post(way["termUrl"], way["redirectParam"], ELSEWHERE))
    again = submit(way["termUrl"], answer_form, code="000000")
    url, page = followed(way["termUrl"], again)
    assert "Incorrect PIN" in page.text and "In this simulator the code is 123456." in page.text
    answer_form, cancel_form = forms(url, page)
    shown = submit(url, answer_form, code="123456")
    assert (shown.status, shown.headers["Location"].startswith("http://127.0.0.1:9/paid?shop=1&")) == (
        303, True)
    assert shown.headers["Location"].endswith("#done")
    told = told_to(shop, shown.headers["Location"])
    assert (told["result_code"], told["status"]) == outcome(shop, payment["out_trade_no"]) == (
        "0000", "success")


@every_row("act, fields", [("answer", {"code": "123456"}), ("answer", {"code": "000000"}), ("cancel", {})])
@every_row("code", ["3152", "3085", "3106"])
def test_a_card_of_a_3d_code_ends_in_it_whatever_is_typed(shop: Shop, code: str, act: str,
                                                          fields: dict[str, str]) -> None:
    payment = shop.card_payment(card_of(code), redirect_url="http://127.0.0.1:9/paid")
    assert (payment["result_code"], payment["status"]) == ("3200", "pending")
    told = told_to(shop, post(f"{issuer_of(payment)['termUrl']}/{act}", fields).headers["Location"])
    assert (told["result_code"], told["status"]) == outcome(shop, payment["out_trade_no"]) == (code, "failed")


def test_the_issuers_page_of_a_cashiers_order_is_reached_by_its_forms(shop: Shop) -> None:
    order = shop.card_order()
    url, page = followed(order["pay_url"], presented(order, THREE_D))
    url, page = followed(url, submit(url, forms(url, page)[1]))
    assert outcome(shop, order["out_trade_no"]) == ("3152", "failed")
    assert url.startswith(order["pay_url"]) and page.status == 200


def test_an_answer_after_the_end_changes_nothing(shop: Shop) -> None:
    payment = shop.card_payment(THREE_D, redirect_url="http://127.0.0.1:9/paid")
    term_url = issuer_of(payment)["termUrl"]
    first = post(f"{term_url}/answer", {"code": "123456"})
    before = events(shop, payment["out_trade_no"])
    later = [post(f"{term_url}/answer", {"code": "000000"}), post(f"{term_url}/cancel"), exchange(term_url),
             post(term_url)]
    assert {answer.headers["Location"] for answer in later} == {first.headers["Location"]}
    assert events(shop, payment["out_trade_no"]) == before


@every_row("code", ["", " ", "12345", "1234567", "\u0661\u0662\u0663\u0664\u0665\u0666", "0", "x" * 100_000])
def test_any_other_code_is_wrong_and_leaves_the_page_open(shop: Shop, code: str) -> None:
    payment = shop.card_payment(THREE_D)
    term_url = issuer_of(payment)["termUrl"]
    url, page = followed(term_url, post(f"{term_url}/answer", {"code": code}))
    assert len(forms(url, page)) == 2
    assert outcome(shop, payment["out_trade_no"]) == ("3200", "pending")


# Other sites, other orders, other pages.

@every_row("origin", [ELSEWHERE, "null", "http://127.0.0.1:9"])
def test_a_card_posted_by_another_site_is_refused(shop: Shop, origin: str) -> None:
    order = shop.card_order()
    assert post(f"{order['pay_url']}/card", CARD, origin).status == 403
    assert events(shop, order["out_trade_no"]) == ["create"]


@every_row("origin", [ELSEWHERE, "null", "http://127.0.0.1:9"])
@every_row("act", ["answer", "cancel"])
def test_a_code_posted_by_another_site_is_refused(shop: Shop, act: str, origin: str) -> None:
    payment = shop.card_payment(THREE_D)
    assert post(f"{issuer_of(payment)['termUrl']}/{act}", {"code": "123456"}, origin).status == 403
    assert outcome(shop, payment["out_trade_no"]) == ("3200", "pending")


def test_the_emulators_own_pages_may_post(shop: Shop, base_url: str) -> None:
    order = shop.card_order()
    url, page = followed(order["pay_url"],
                         post(f"{order['pay_url']}/card", {**CARD, "cardNo": THREE_D}, base_url))
    assert submit(url, forms(url, page)[0], base_url, code="123456").status == 303
    assert outcome(shop, order["out_trade_no"]) == ("0000", "success")


@every_row("method, path", [
    ("GET", "/pay/nobody"), ("POST", "/pay/nobody"), ("POST", "/pay/nobody/card"),
    ("GET", "/pay/nobody/state"), ("GET", "/3ds/nobody/1"), ("POST", "/3ds/nobody/1"),
    ("POST", "/3ds/nobody/1/answer"), ("POST", "/3ds/nobody/1/cancel")])
def test_an_unknown_token_is_404(base_url: str, method: str, path: str) -> None:
    assert exchange(base_url + path, method).status == 404


@every_row("method, path",
           [("GET", ""), ("POST", ""), ("POST", "/pay"), ("POST", "/decline"), ("POST", "/balance")])
def test_a_card_order_has_no_wallet_page(shop: Shop, method: str, path: str) -> None:
    order = shop.card_order()
    assert exchange(order["pay_url"].replace("/pay/", "/wallet/") + path, method).status == 404
    assert events(shop, order["out_trade_no"]) == ["create"]


@every_row("path", ["", "/card", "/state"])
def test_a_wallet_order_has_no_cashier(shop: Shop, path: str) -> None:
    url = shop.qr_order()["qr_code"].replace("/wallet/", "/pay/") + path
    assert exchange(url, "POST" if path == "/card" else "GET").status == 404


def test_a_payment_of_the_shops_server_takes_no_card_on_the_page(shop: Shop) -> None:
    payment = shop.card_payment(card_of("3084"))
    token = urlsplit(issuer_of(shop.card_payment(THREE_D, out_trade_no=payment["out_trade_no"]))[
        "termUrl"]).path.split("/")[2]
    shop.happens(payment["out_trade_no"], "refuse")
    url = f"{shop.control.url}/pay/{token}"
    assert html.fromstring(exchange(f"{url}?again=1").text).forms == []
    assert post(f"{url}/card", CARD).status == 404
    assert outcome(shop, payment["out_trade_no"]) == ("3020", "failed")


def pages_of(shop: Shop) -> dict[str, Answer]:
    order, payment = shop.card_order(redirect_url="http://127.0.0.1:9/paid"), shop.card_payment(THREE_D)
    declined = shop.card_order()
    presented(declined, card_of("3084"))
    return {"form": exchange(order["pay_url"]), "refused": exchange(order["pay_url"] + "?refused=1000"),
            "issuer": exchange(issuer_of(payment)["termUrl"]), "result": exchange(declined["pay_url"]),
            "state": exchange(order["pay_url"] + "/state"),
            "not found": exchange(f"{shop.control.url}/pay/nobody")}


def test_every_page_has_a_policy_under_which_only_the_emulators_files_run(shop: Shop) -> None:
    for name, page in pages_of(shop).items():
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy, name
        assert "unsafe" not in policy and "*" not in policy, name
        assert (page.headers["Cache-Control"], page.headers["X-Content-Type-Options"]) == (
            "no-store", "nosniff"), name


def test_no_page_has_inline_code_or_loads_from_elsewhere(shop: Shop) -> None:
    for name, page in pages_of(shop).items():
        if name == "state":
            continue
        tree = html.fromstring(page.text)
        assert tree.xpath(
            "//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]") == [], name
        sources = tree.xpath("//script/@src | //link/@href | //img/@src")
        assert sources and all(source.startswith("/") and not source.startswith("//")
                               for source in sources), name


def test_a_text_of_the_shop_is_no_markup(shop: Shop) -> None:
    order = shop.card_order(goods_name="<script>alert(1)</script>|\"'&",
                            return_url="http://127.0.0.1:9/?a=\"><script>")
    page = exchange(order["pay_url"])
    assert html.fromstring(page.text).xpath("//script[not(@src)]") == []
    assert "<script>alert(1)</script>, \"'&" in html.fromstring(page.text).text_content()


@every_row("refused", ["1000<script>", "9998", "%00", "0000"])
def test_a_code_in_the_address_that_is_no_refusal_is_not_shown(shop: Shop, refused: str) -> None:
    page = exchange(f"{shop.card_order()['pay_url']}?refused={refused}")
    assert page.status == 200
    assert html.fromstring(page.text).xpath("//*[@role='alert'][normalize-space()]") == []


# Language, link to post.

@every_row("ordered, asked, browser, spoken", [
    ("cn", "", "en-GB", "zh-CN"), ("en", "", "zh-CN", "en"), ("cn", "?lang=en", "zh-CN", "en"),
    ("en", "?lang=zh", "en-GB", "zh-CN"), (None, "", "zh-CN,zh;q=0.9", "zh-CN"), (None, "", "de-DE", "en"),
    ("cn", "?lang=xx", "en-GB", "en")])
def test_the_page_speaks_the_orders_language_else_the_browsers(
         shop: Shop, ordered: str | None, asked: str, browser: str, spoken: str) -> None:
    order = shop.card_order(language=ordered)
    payment = shop.card_payment(THREE_D, language=ordered)
    for url in (order["pay_url"], issuer_of(payment)["termUrl"]):
        page = exchange(url + asked, headers={"Accept-Language": browser})
        assert html.fromstring(page.text).get("lang") == spoken


def test_the_language_of_the_address_stays_over_the_forms(shop: Shop) -> None:
    order = shop.card_order(language="cn")
    url = f"{order['pay_url']}?lang=en"
    form, = forms(url, exchange(url))
    url, page = followed(url, submit(url, form, **{**CARD, "cardNo": THREE_D}))
    url, page = followed(url, submit(url, forms(url, page)[0], code="0"))
    assert html.fromstring(page.text).get("lang") == "en"
    url, page = followed(url, submit(url, forms(url, page)[0], code="123456"))
    assert html.fromstring(page.text).get("lang") == "en"


def test_link_to_post_leads_to_pay_url(shop: Shop) -> None:
    order = shop.card_order()
    form, = forms(shop.control.url,
                  shop.ask("tgpayapi", out_trade_no=order["out_trade_no"], service="linktopost"))
    assert form.action == order["pay_url"]
    assert len(forms(form.action, submit(form.action, form, ELSEWHERE))) == 1


def test_link_to_post_of_a_payment_without_page_is_refused(shop: Shop) -> None:
    payment = shop.card_payment(THREE_D)
    assert shop.ask("tgpayapi", out_trade_no=payment["out_trade_no"],
                    service="linktopost")["is_success"] == "F"


def test_a_notification_of_the_cashiers_payment_comes_after_every_final_result(
        notified: Shop, receiver: Receiver, control: Control) -> None:
    order = notified.card_order(reference="r-1")
    presented(order, card_of("3084"))
    presented(order)
    first, last = (notification.fields for notification in receiver.wait_for(2))
    assert (first["result_code"], first["status"], last["result_code"], last["status"]) == (
        "3084", "failed", "0000", "success")
    assert "payMethodResp" not in first | last

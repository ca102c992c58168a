"""Contract 2.7, `tgpayapi.php?service=linktopost` (section 11): the browser is sent to the payment page with
a POST.
"""
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
from lxml import html

from ..driver import Answer, Control, Shop, exchange
from ..tables import every_row


def link(shop: Shop, out_trade_no: str, method: str = "GET", **more: Any) -> Answer:
    return shop.ask("tgpayapi", method, **{"out_trade_no": out_trade_no, "service": "linktopost", **more})


@every_row("method", ["GET", "POST"])
@every_row("scene", ["WEBSITE_PAY", "WAP_PAY"])
@every_row("pay_type", ["alipay", "wechat"])
def test_the_page_posts_the_parameters_of_the_pay_url_to_it(
        shop: Shop, pay_type: str, scene: str, method: str) -> None:
    order = shop.h5_order(pay_type=pay_type, scene_type=scene)
    answer = link(shop, order["out_trade_no"], method)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    form, = html.fromstring(answer.raw).forms
    assert form.method == "POST"
    fields = urlencode([(field.name, field.value) for field in form.inputs if field.name])
    assert f"{form.action}{'?' if fields else ''}{fields}" == order["pay_url"]
    assert exchange(form.action, "POST", fields.encode(),
                    {"Content-Type": "application/x-www-form-urlencoded"}).status == 200


def test_the_page_posts_at_once_and_has_a_button_for_browsers_without_javascript(shop: Shop) -> None:
    answer = link(shop, shop.h5_order()["out_trade_no"])
    page = html.fromstring(answer.raw)
    button, = page.xpath("//form//button | //form//input[@type='submit']")
    assert button.text_content().strip()
    assert page.xpath("//script/@src") and not page.xpath("//script[not(@src)]")
    scripts = [exchange(urljoin(f"{shop.control.url}/v2/tgpayapi.php", source))
               for source in page.xpath("//script/@src")]
    assert all(script.status == 200 for script in scripts)
    assert any(b".submit()" in script.raw for script in scripts)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "form-action 'self'" in policy


def test_the_page_loads_nothing_from_elsewhere(shop: Shop) -> None:
    page = html.fromstring(link(shop, shop.h5_order()["out_trade_no"]).raw)
    sources = page.xpath("//*[not(self::form) and not(self::a)]/@src | //link/@href")
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)


def test_a_link_may_be_opened_again_while_the_order_waits(shop: Shop) -> None:
    number = shop.h5_order()["out_trade_no"]
    assert [link(shop, number).status for _ in range(3)] == [200, 200, 200]
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    assert [line["event"] for line in shop.story(number)["history"]] == ["create"]


def test_the_documents_example_works(control: Control) -> None:
    token = control.get("/merchants/202107207001")["token"]
    shop = Shop(control, "202107207001", token)
    number = shop.h5_order(out_trade_no=shop.number())["out_trade_no"]
    answer = link(shop, number)
    assert answer.status == 200
    assert html.fromstring(answer.raw).forms
    assert shop.findings(answer) == set()


@every_row("params, named", [
    ({"service": None}, "service"), ({"service": "linktoget"}, "service"),
    ({"service": "LINKTOPOST"}, "service"), ({"out_trade_no": None}, "out_trade_no"),
    ({"out_trade_no": "1" * 65}, "out_trade_no")])
def test_a_missing_or_wrong_parameter_is_refused(shop: Shop, params: dict[str, Any], named: str) -> None:
    answer = link(shop, **{"out_trade_no": shop.h5_order()["out_trade_no"], **params})
    assert (answer.headers["Content-Type"], answer["error"]) == (
        "text/xml; charset=utf-8", "ILLEGAL_ARGUMENT")
    assert named in answer["detail_error_des"]


@every_row("params, error", [
    ({"sign": "0"}, "ILLEGAL_SIGN"), ({"sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE"),
    ({"merchants_id": "nobody"}, "ILLEGAL_PARTNER"), ({"out_trade_no": "unknown"}, "TRADE_NOT_EXIST")])
def test_refusals_are_xml(shop: Shop, params: dict[str, Any], error: str) -> None:
    answer = link(shop, **{"out_trade_no": shop.h5_order()["out_trade_no"], **params})
    assert (answer.status, answer.headers["Content-Type"],
            answer["error"]) == (200, "text/xml; charset=utf-8", error)


@every_row("event, error",
           [("pay", "TRADE_HAS_SUCCESS"), ("close", "TRADE_HAS_CLOSE"), ("expire", "TRADE_HAS_CLOSE")])
def test_an_order_that_waits_no_longer_is_refused(shop: Shop, event: str, error: str) -> None:
    number = shop.h5_order()["out_trade_no"]
    assert shop.happens(number, event).status == 200
    assert link(shop, number)["error"] == error


@pytest.mark.parametrize("order", [lambda shop: shop.qr_order(), lambda shop: shop.prepay_order()])
def test_an_order_without_a_pay_url_is_refused(shop: Shop, order: Any) -> None:
    answer = link(shop, order(shop)["out_trade_no"])
    assert (answer["is_success"], answer.headers["Content-Type"]) == ("F", "text/xml; charset=utf-8")


def test_an_order_of_another_merchant_is_not_found(shop: Shop) -> None:
    other = shop.control.shop()
    assert link(other, shop.h5_order()["out_trade_no"])["error"] == "TRADE_NOT_EXIST"
    other.control.ask("DELETE", f"/merchants/{other.merchants_id}")


def test_a_missing_sign_type_is_a_finding(shop: Shop) -> None:
    answer = link(shop, shop.h5_order()["out_trade_no"], sign_type=None)
    assert (answer.status, shop.findings(answer)) == (200, {"SIGN_TYPE_MISSING"})

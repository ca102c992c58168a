"""The console's pages take no wrong input silently: filters, merchants, ids, and slips in changes."""
import json
from urllib import parse

from ..driver import Shop, exchange
from ..tables import every_row


def page(shop: Shop, path: str, method: str = "GET", **form: str) -> tuple[int, str]:
    """Status and text of a page of the console."""
    body = parse.urlencode(form).encode() if method == "POST" else None
    answer = exchange(f"{shop.control.url}/console{path}", method, body,
                      {"Accept-Language": "en", "Sec-Fetch-Site": "same-origin"})
    return answer.status, answer.text


@every_row("path, named", [
    ("/orders?status=PAID", "status must be one of waiting, pending"),
    ("/orders?endpoint=x", "endpoint must be one of"),
    ("/notifications?status=heard", "status must be one of pending"),
    ("/journal?verdict=FINE", "verdict must be one of refused, failed, broken, OK")])
def test_an_unknown_value_of_a_filter_is_400_and_names_the_known(shop: Shop, path: str, named: str) -> None:
    status, text = page(shop, path)
    assert (status, named in text) == (400, True)


@every_row("path", [
    "/orders", "/notifications", "/journal", "/terminals", "/scenarios", "/clock", "/settlement", "/try",
    "/events", "/pulse"])
def test_an_unknown_merchant_is_404_and_the_links_lead_on_without_it(shop: Shop, path: str) -> None:
    status, text = page(shop, f"{path}?merchants_id=nobody")
    assert (status, "there is no merchant nobody" in text) == (404, True)
    assert 'href="/console/cards"' in text


@every_row("query, form, status", [
    ("merchant_id={}", {}, 400), ("merchants_id=nobody", {}, 404), ("", {"merchants_id": "{}"}, 400)])
@every_row("path", ["/journal/clear", "/scenarios/off"], apart=True)
def test_a_slip_never_means_all_merchants(shop: Shop, path: str, query: str, form: dict[str, str],
                                          status: int) -> None:
    shop.qr_order()
    shop.plays({"then": {}})
    filled = {name: value.format(shop.merchants_id) for name, value in form.items()}
    assert page(shop, f"{path}?{query.format(shop.merchants_id)}", "POST", **filled)[0] == status
    assert len(shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]) == 1
    assert shop.control.get("/scenario", merchants_id=shop.merchants_id)["merchants_id"] == shop.merchants_id


@every_row("number", ["9223372036854775808", "9" * 5_000, "0", "-1", "01", "%D9%A1", "x"])
def test_what_is_no_id_is_404(shop: Shop, number: str) -> None:
    for path in ("/orders", "/journal", "/notifications"):
        assert page(shop, f"{path}/{number}")[0] == 404
    assert exchange(f"{shop.control.url}/3ds/x/{number}").status == 404


@every_row("path", [
    "/settlement?end=0001-01-01", "/settlement?start=9999-12-31",
    "/settlement/0001-01-01?merchants_id=201703200001",
    *(f"/settlement/2026-01-01?merchants_id=201703200001&after={after}"
      for after in ("9" * 5_000, 9223372036854775808)),
    "/orders?before=" + "9" * 5_000, "/journal?before=9223372036854775808"])
def test_a_page_at_the_end_of_all_numbers_is_shown(shop: Shop, path: str) -> None:
    assert page(shop, path)[0] == 200


@every_row("attempt", ["9" * 5_000, "-1", "\u0663", ""])
def test_an_attempt_that_is_none_is_the_first(shop: Shop, attempt: str) -> None:
    text = json.dumps({"rules": [{"when": {"attempt": 1}, "then": {}}]})
    status, shown = page(shop, "/scenarios/desk", "POST", text=text, do="try", attempt=attempt, params="a=b")
    assert (status, "fits" in shown) == (200, True)


def test_rules_pasted_from_a_file_of_windows_are_read(shop: Shop) -> None:
    desk = f"/scenarios/desk?merchants_id={shop.merchants_id}"
    for text in ('summary = "x"\r\n\r\n[[rule]]\r\nname = "a"\r\nthen = {}\r\n', '{"rules": [{"then": {}}]}'):
        status, shown = page(shop, desk, "POST", text=f"\ufeff{text}", do="check")
        assert (status, "The scenario is valid." in shown) == (200, True), text

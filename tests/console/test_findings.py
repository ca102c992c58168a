"""The page of findings: each broken rule once, with section, count, last example and what to change; and the
reference of the endpoints.
"""
from tgpay_emulator.protocol.findings import RULES
from tgpay_emulator.web.console.try_it import TABLES

from ..driver import Receiver, Shop
from ..tables import every_row
from .desk import Desk, rows, words


def test_each_broken_rule_is_a_row_with_section_count_what_to_change_and_the_last_example(
        desk: Desk, notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(500, b"oops")]
    for _ in range(2):
        last = notified.qr_order(sign_type=None, it_b_pay="1h")
    notified.control.post("/notifications/flush")
    page = desk.page("/findings", merchants_id=notified.merchants_id)
    told = rows(page)
    assert [code for row in told for code in RULES if code in row] == [
        "SIGN_TYPE_MISSING", "NOT_ANSWERED_SUCCESS"]
    rule = RULES["SIGN_TYPE_MISSING"]
    assert all(text in told[0] for text in (rule.sentence, f"Section {rule.section}", rule.change))
    request, notification = (row.find("td[4]/a") for row in page.xpath("//table[@class='list']/tbody/tr"))
    assert words(page.xpath("//tbody/tr[1]/td[3]")[0]) == "2"
    assert f"/journal/{last.headers['X-TGPay-Request']}" in request.get("href")
    assert "HTTP 500" in words(desk.page(notification.get("href")).get_element_by_id("attempts"))


def test_another_merchants_findings_are_not_shown_and_none_leads_to_try_it(desk: Desk, shop: Shop) -> None:
    page = desk.page("/findings", merchants_id=shop.merchants_id)
    assert rows(page) == [] and "No findings" in words(page.get_element_by_id("findings"))
    assert page.xpath("//*[@id='findings']//a/@href") == [f"/console/try?merchants_id={shop.merchants_id}"]


@every_row("key", TABLES)
def test_the_reference_has_every_row_of_every_table(desk: Desk, key: str) -> None:
    table, page = TABLES[key], desk.page("/reference", table=key)
    names = [words(name) for name in page.xpath("//table//td[@class='first']/code")]
    wanted = [row.name for row in table.params]
    wanted += [row.name for each in table.params for row in each.format.rows]
    wanted += [field.name for field in table.answer]
    assert names[:len(wanted)] == wanted and "TRADE_NOT_EXIST" in names
    assert table.path in words(page.get_element_by_id("main"))
    tried, = page.xpath("//section//a[contains(@href, '/try?')]/@href")
    leads, = desk.page(tried).xpath("//main//a[contains(@href, '/reference?')]/@href")
    assert leads == f"/console/reference?table={key}"
    assert desk.page("/reference", table=key, lang="zh").xpath("//main//*[@lang='en']") == []

"""Section 7.2's table of risk_info, row by row (contract 3.2): checked when it is there, a fault refused with
1000 by its path.
"""
import json
from typing import Any

import pytest

from ..driver import Answer, Shop, assert_illegal
from ..tables import every_row

TIME, DAY, FLAG, YES_NO = "20170607125959", "20170607", ("true", "false"), ("yes", "no")
NO_TIME = ("20170607", "20170631125959", "2017-06-07 12:59:59", "20170607246060", "2017060712595x",
           "٢٠١٧٠٦٠٧١٢٥٩٥٩")
NO_DAY = ("201706", "20170230", "2017-6-7", "07062017", TIME)
NO_FLAG, NEITHER = ("yes", "1", "maybe"), ("true", "1", "gift")
SOURCES = ("desktop_web", "mobile_web", "mobile_app", "web", "chat", "third_party", "phone", "shopify",
           "other")
FRAMES = ("electronic_delivery", "same_day_shipping", "overnight_shipping", "two_or_more_days_shipping")
ADDRESSES = ("ship_to_billing_address", "ship_to_verified_address", "ship_to_new_address", "ship_to_store",
             "digital_goods",
             "goods_not_shipped", "other")
NO_COUNTRY, NO_NUMBER = ("cn", "CHN", "C1", "United Kingdom"), ("free", "one", "1e3")
# The rows of risk_info in 7.2: path, documented length, values that are right, values that are wrong in
# themselves.
ROWS: tuple[tuple[str, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("adjustmentFactor", 5, ("-10", "10", "0"), ("1.5", "ten")),
    ("retryNum", 2, ("2", "11"), ("two",)),
    ("trade.code", 4, ("4000",), ()),
    ("trade.item", 10240, ("ken swift|104864781|ctrip|CESMU||ETKT7842348454463/1",), ()),
    ("device.fingerPrintId", 128, ("device_fingerPrintId",), ()),
    ("cust.registrationTime", 14, (TIME,), NO_TIME),
    ("cust.pastTransactions", 10, ("0", "1234567890"), ("many",)),
    ("cust.phoneNum", 32, ("18761636957",), ()),
    ("cust.phoneVerified", 5, FLAG, NO_FLAG),
    ("cust.phoneVerifiedTime", 14, (TIME,), NO_TIME),
    ("cust.emailVerified", 5, FLAG, NO_FLAG),
    ("cust.dateOfBirth", 8, (DAY,), NO_DAY),
    ("cust.gender", 6, ("male", "female"), ("other", "M")),
    ("cust.firstShoppingTime", 14, (TIME,), NO_TIME),
    ("cust.registerUserId", 32, ("5784566333223211",), ()),
    ("cust.ip", 128, ("180.168.145.74", "2001:db8::1", "::ffff:10.0.0.1"),
     ("180.168.145", "300.1.1.1", "localhost", "10.0.0.0/8", "1.2.3.4 ")),
    ("cust.email", 256, ("ken@ipaylinks.com", "rufei.wang+1@mail.shop.example"),
     ("ken", "ken@", "@shop.example", "k n@shop.example")),
    ("cust.level", 2, ("9", "1"), ("gold",)),
    ("cust.lastShoppingTime", 14, (TIME, "20240229000000"), (*NO_TIME, "20230229000000")),
    ("order.source", 14, SOURCES, ("desktop", "WEB")),
    ("order.createTime", 14, (TIME,), NO_TIME),
    ("order.updateTime", 14, (TIME,), NO_TIME),
    ("order.payProcessor", 32, ("iPayLinks",), ()),
    ("order.totalDiscounts", 12, ("30",), NO_NUMBER),
    ("order.discounts[].amount", 12, ("30",), NO_NUMBER),
    ("order.discounts[].code", 512, ("123",), ()),
    ("goods[].id", 32, ("A-7",), ()),
    ("goods[].title", 256, ("咖啡",), ()),
    ("goods[].category", 18, ("food",), ()),
    ("goods[].subCategory", 64, ("drinks",), ()),
    ("goods[].thirdCategory", 64, ("coffee",), ()),
    ("goods[].brand", 18, ("illy",), ()),
    ("goods[].itemName", 256, ("espresso",), ()),
    ("goods[].itemPrice", 12, ("800", "0"), NO_NUMBER),
    ("goods[].deliveryTimeFrame", 32, FRAMES, ("tomorrow",)),
    ("goods[].deliveryDate", 8, (DAY,), NO_DAY),
    ("goods[].url", 512, ("https://shop.example/a?b=c&d=é",), ()),
    ("goods[].sku", 500, ("air ticket|shanghai to chicago",), ()),
    ("goods[].quantity", 12, ("1",), NO_NUMBER),
    ("goods[].isGift", 3, YES_NO, NEITHER),
    ("goods[].isVirtual", 3, YES_NO, NEITHER),
    ("buried[].code", 4, ("CB07",), ()),
    ("buried[].item", 2048, ("50|42|paste||2|330|47|6|78|delete|1122|revocation",), ()),
    ("ship.price", 32, ("500",), ("free",)),
    ("ship.title", 128, ("by air",), ()),
    ("ship.addressIndicator", 32, ADDRESSES, ("home",)),
    ("ship.phoneNo", 128, ("15900558751",), ()),
    ("ship.firstName", 128, ("ken",), ()),
    ("ship.lastName", 128, ("swift",), ()),
    ("ship.street", 256, ("bali 7854",), ()),
    ("ship.postalCode", 16, ("60601",), ()),
    ("ship.city", 50, ("chicago",), ()),
    ("ship.state", 128, ("Illinois",), ()),
    ("ship.country", 2, ("US",), NO_COUNTRY),
    ("ship.addressLastModifyTime", 14, (TIME,), NO_TIME),
    ("ship.phoneLastModifyTime", 14, (TIME,), NO_TIME),
    ("bill.addressNum", 256, ("518",), ()),
    ("bill.street", 256, ("shangchenglu 518",), ()),
    ("bill.postalCode", 16, ("201799",), ()),
    ("bill.city", 50, ("shanghai",), ()),
    ("bill.state", 128, ("shanghai",), ()),
    ("bill.country", 2, ("CN", "GB"), NO_COUNTRY),
    ("bill.houseNumberOrName", 40, ("518",), ()),
)
EACH_ROW = every_row("path, length, right, wrong", ROWS, ids=[row[0] for row in ROWS])
# The whole example of the document, blanks taken out of its names.
SAMPLE = """{"adjustmentFactor": "-10", "retryNum": "2", "trade": {"code": "4000", "item":
"ken swift|104864781|ctrip|CESMU||ETKT7842348454463/1|||4403172320|201700523213000|CNY|20000|Pudong International Airport|M8317|"},
"device": {"fingerPrintId": "device_fingerPrintId"},
"bill": {"city": "shanghai", "country": "CN", "postalCode": "201799", "state": "shanghai", "street": "shangchenglu 518"},
"buried": [{"code": "CB07", "item": "50|42|paste||2|330|47|6|78|delete|1122|revocation"},
{"code": "CB08", "item": "49|41|paste||2|330|47|6|78|delete|1122|revocation"}],
"cust": {"email": "ken@ipaylinks.com", "emailLastModifyTime": "20170523205510", "ip": "180.168.145.74",
"lastShoppingTime": "20180523205510", "level": "9", "phoneNum": "18761636957", "registerUserId": "5784566333223211",
"registrationTime": "20180523205510"},
"goods": [{"isGift": "", "itemPrice": "800", "quantity": "1", "sku": "air ticket|shanghai to chicago"},
{"isGift": "", "itemPrice": "40", "quantity": "1", "sku": "delay insurance"}],
"ship": {"addressLastModifyTime": "20170523205510", "city": "chicago", "country": "CN", "firstName": "ken", "lastName": "swift",
"phoneLastModifyTime": "20170523205510", "phoneNo": "15900558751", "postalCode": "60601", "state": "Illinois", "street": "bali 7854"}}"""


def nested(path: str, value: Any) -> str:
    """A document with one value in it: `cust.email` in an object, `goods[].id` in a list of objects."""
    for part in reversed(path.split(".")):
        value = {part.removesuffix("[]"): [value] if part.endswith("[]") else value}
    return json.dumps(value)


def risk(shop: Shop, document: Any) -> Answer:
    """A cashier order with this risk_info: its table is the same in both modes."""
    return shop.card_order(risk_info=document if isinstance(document, str) else json.dumps(document))


# Rows.

@EACH_ROW
@pytest.mark.exhaustive
def test_a_right_value_of_risk_info_is_accepted(shop: Shop, path: str, length: int, right: tuple[str, ...],
                                                wrong: tuple[str, ...]):
    longest = ("x" * length, "茶" * length) if not wrong and length < 10_000 else ()
    for value in (*right, *longest, ""):
        answer = risk(shop, nested(path, value))
        assert answer["is_success"] == "T", (value, answer.text)
        assert shop.findings(answer) == set()


@EACH_ROW
def test_a_value_of_risk_info_that_is_too_long_is_refused_by_its_path(
        shop: Shop, path: str, length: int, right: tuple, wrong: tuple):
    for value in ("1" * (length + 1), "x" * (length + 1)):
        assert_illegal(risk(shop, nested(path, value)), "risk_info", path.replace("[]", "[0]"))


@pytest.mark.exhaustive
@EACH_ROW
def test_a_value_of_risk_info_of_another_type_is_refused_by_its_path(
        shop: Shop, path: str, length: int, right: tuple, wrong: tuple):
    for value in (1, 1.5, True, ["a"], {"a": "b"}):
        assert_illegal(risk(shop, nested(path, value)), "risk_info", path.replace("[]", "[0]"))


@every_row("path, wrong", [(path, wrong) for path, _, _, wrong in ROWS if wrong],
           ids=[row[0] for row in ROWS if row[3]])
def test_a_value_of_risk_info_that_is_none_of_its_kind_is_refused_by_its_path(
        shop: Shop, path: str, wrong: tuple[str, ...]):
    for value in wrong:
        assert_illegal(risk(shop, nested(path, value)), "risk_info", path.replace("[]", "[0]"))


@every_row("group", ["trade", "device", "cust", "order", "goods", "buried", "ship", "bill"])
@every_row("value", ["text", 5, True])
def test_a_group_of_risk_info_that_is_no_object_is_refused_by_its_name(shop: Shop, group: str, value: Any):
    assert_illegal(risk(shop, {group: value}), "risk_info", group)


@every_row("group", ["trade", "device", "cust", "order", "ship", "bill"])
def test_a_group_that_comes_once_is_no_list(shop: Shop, group: str):
    assert_illegal(risk(shop, {group: [{}]}), "risk_info", group)


@every_row("document, paths", [
    ({"goods": [{"id": "1"}, {"id": "x" * 33}, {"isGift": "1"}]}, ["goods[1].id", "goods[2].isGift"]),
    ({"buried": [{"code": "CB07"}, {"code": "CB08", "item": "x" * 2049}]}, ["buried[1].item"]),
    ({"order": {"discounts": [{"amount": "30", "code": "123"}, {"amount": "much"}]}},
     ["order.discounts[1].amount"]),
    ({"goods": [{"id": "1"}, "espresso"]}, ["goods[1]"]),
    ({"goods": {"id": "x" * 33}}, ["goods.id"])])
def test_a_fault_in_a_list_is_named_with_its_index(shop: Shop, document: Any, paths: list[str]):
    answer = risk(shop, document)
    assert_illegal(answer, *paths)
    assert "goods[0]" not in answer["detail_error_des"] and "buried[0]" not in answer["detail_error_des"]


@every_row("document", [
    {"order": {"discounts": [{"amount": "30", "code": "123"}, {"amount": "50", "code": "234"}]}},
    {"goods": []}, {"goods": {"id": "1"}}, {"buried": [{"code": "CB07"}] * 20}, {}, {"cust": {}}])
def test_lists_may_have_any_number_of_objects(shop: Shop, document: Any):
    assert risk(shop, document)["is_success"] == "T"


@every_row("document", [
    {"colour": "red"}, {"cust": {"emailLastModifyTime": "x", "shoeSize": 43}},
    {"goods": [{"weight": 1.5, "parts": [[1]]}]}, {"": ""}])
def test_what_no_row_names_is_accepted_as_it_is(shop: Shop, document: Any):
    answer = risk(shop, document)
    assert (answer["is_success"], shop.findings(answer)) == ("T", set())


@pytest.mark.parametrize("ask", [Shop.card_order, Shop.card_payment], ids=["cashier", "s2s"])
def test_the_documents_whole_sample_of_risk_info_is_accepted(shop: Shop, ask: Any):
    for sample in (SAMPLE, json.dumps(json.loads(SAMPLE), separators=(",", ":"))):
        answer = ask(shop, risk_info=sample)
        assert (answer["is_success"], shop.findings(answer)) == ("T", set())


def test_all_faults_are_told_in_one_message_in_table_order(shop: Shop):
    document = {"bill": {"country": "uk"}, "cust": {"email": "ken", "ip": "here"}, "retryNum": "often"}
    answer = shop.card_payment(trans_amount="0", language="de", card={"cvv": None, "billingDesc": "x" * 37},
                               risk_info=json.dumps(document))
    named = ["pay_info", "trans_amount", "language", "risk_info"]
    assert_illegal(answer, *named, "cvv", "billingDesc", "cust.email", "cust.ip", "bill.country", "retryNum")
    places = [answer["detail_error_des"].index(name) for name in named]
    assert places == sorted(places)

"""Contract 1.1: HTTP in, XML out, whatever is sent."""
import gzip
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tgpay_emulator.gateway.endpoints import ENDPOINTS

from .driver import Answer, Shop, exchange, pay_info, raw_request
from .tables import every_row

FORM = "application/x-www-form-urlencoded"
MIB = 1024 * 1024
FIRST_LINE = re.compile(r'<\?xml version="1\.0" encoding="(utf|UTF)-8" ?\?>')
ELEMENT = re.compile(r"\s*<(\w+)>([^<>]*)</\1>")
PAYMENT = "buyer_id buyer_login_id pay_time trans_id trans_rate trans_amount_type pay_amount pay_amount_type"
ANSWERS = {
    "tgpaybarcode": ("tgpaypro", f"is_success result_code error trans_amount out_trade_no {PAYMENT} "
                                 f"merchants_id create_ip sign sign_type"),
    "tgpayqrcode": ("tgpaypro", "is_success error out_trade_no result_code big_pic_url pic_url small_pic_url "
                                "qr_code sign sign_type"),
    "tgpayquery": ("tgpaypro",
                   f"is_success error pay_type result_code trans_amount trade_status out_trade_no "
                   f"{PAYMENT} refund_status "
                   "refund_amount attach merchants_id create_ip sign sign_type"),
    "tgpayrefund": ("TGPayPro", "is_success result_code error alipay_trans_id partner_refund_id "
                                "partner_trans_id refund_amount currency exchange_rate refund_amount_cny"),
    "tgpaycancel": ("TGPayPro", "is_success result_code error detail_error_code detail_error_des"),
    "tgpayh5": ("tgpaypro", "is_success result_code error pay_url merchants_id out_trade_no sign sign_type"),
    "tgpayprepay": ("tgpaypro",
                    "is_success result_code error trade_type jsapiparameters tradeNO out_trade_no "
                    "order_time nonce_str prepay_id merchant_id create_ip sign sign_type"),
    "tgpayuserinfo": ("tgpaypro",
                      "is_success error merchants_id merchant_name account_id account_login_name"),
}
REFUSAL = ["is_success", "result_code", "error", "detail_error_code", "detail_error_des", "merchants_id",
           "out_trade_no"]


def ask_userinfo(shop: Shop) -> Answer:
    changed = shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"users": [
        {"login": f"till.{shop.merchants_id}", "password": "open sesame", "account_id": "7"}]})
    assert changed.status == 200
    return shop.ask("tgpayuserinfo", merchants_id=None, user=f"till.{shop.merchants_id}",
                    password="open sesame",
                    tgpay_product="ACCOUNT_LOGIN")


ASKED: dict[str, Callable[[Shop], Answer]] = {
    "tgpaybarcode": lambda shop: shop.pay_by_barcode(),
    "tgpayqrcode": lambda shop: shop.qr_order(),
    "tgpayquery": lambda shop: shop.query(shop.qr_order()["out_trade_no"]),
    "tgpayrefund": lambda shop: shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.40"),
    "tgpaycancel": lambda shop: shop.cancel(shop.qr_order()["out_trade_no"]),
    "tgpayh5": lambda shop: shop.h5_order(),
    "tgpayprepay": lambda shop: shop.prepay_order(),
    "tgpayuserinfo": ask_userinfo,
}


def read(answer: Answer) -> tuple[str, dict[str, str]]:
    """The root and the fields of an answer whose form is the documented one."""
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    lines = answer.raw.decode().splitlines()
    assert FIRST_LINE.fullmatch(lines[0])
    root = lines[1].strip()[1:-1]
    assert lines[-1] == f"</{root}>"
    assert all(ELEMENT.fullmatch(line) for line in lines[2:-1]), answer.text
    assert answer.xml.tag == root
    return root, answer.fields


def refused(answer: Answer, error: str, status: int = 200) -> str:
    """The sentence of a refusal of the documented form."""
    _, fields = read(answer)
    assert (answer.status, fields["is_success"], fields["error"]) == (status, "F", error), answer.text
    assert fields["detail_error_des"]
    return fields["detail_error_des"]


def url(shop: Shop, endpoint: str) -> str:
    return f"{shop.control.url}/v2/{endpoint}.php"


def encoded(*pairs: tuple[bytes, bytes], token: str = "") -> bytes:
    """A form with bytes of any kind; signed when there is a token."""
    if token:
        text = b"&".join(name + b"=" + value for name,
                         value in sorted(pairs) if value and name != b"sign_type") + token.encode()
        pairs += ((b"sign", hashlib.md5(text).hexdigest().encode()),)
    return b"&".join(quote_from_bytes(name, safe="").encode() + b"="
                     + quote_from_bytes(value, safe="").encode() for name, value in pairs)


def qr_params(shop: Shop, **more: str) -> dict[str, str]:
    return shop.signed(**{"out_trade_no": shop.number(), "trans_amount": "1.00", "pay_type": "alipay",
                          "it_b_pay": "1d", **more})


def post(shop: Shop, endpoint: str, body: bytes | Iterable[bytes], content_type: str = FORM) -> Answer:
    return exchange(url(shop, endpoint), "POST", body,
                    {"Content-Type": content_type})  # type: ignore[arg-type]


def multipart(params: Iterable[tuple[str, str]]) -> tuple[bytes, str]:
    """A multipart body and its content type."""
    parts = [f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name,
             value in params]
    return "".join([*parts, "--frontier--\r\n"]).encode(), "multipart/form-data; boundary=frontier"


@every_row("endpoint", ANSWERS)
def test_an_answer_has_every_documented_field_in_documented_order(shop: Shop, endpoint: str) -> None:
    answer = ASKED[endpoint](shop)
    root, fields = read(answer)
    expected_root, names = ANSWERS[endpoint]
    assert (answer.status, root, fields["is_success"]) == (200, expected_root, "T")
    assert [name for name in fields if name in names.split()] == names.split()
    extra = {"trans_amount_cny"} if endpoint == "tgpayrefund" else set()
    assert set(fields) == {*names.split(), *extra}


def test_the_amount_of_a_refund_is_sent_under_both_of_its_names(shop: Shop) -> None:
    refund = shop.refund(shop.pay_by_barcode()["out_trade_no"], "0.40")
    assert refund["trans_amount_cny"] == refund["refund_amount_cny"] == "3.63"


def test_a_field_without_a_value_is_there_and_empty(shop: Shop) -> None:
    fields = shop.query(shop.qr_order()["out_trade_no"]).fields
    assert [fields[name] for name in ("error", "buyer_id", "buyer_login_id", "pay_time", "trans_id",
                                      "refund_status", "attach")] == [""] * 7


def test_an_element_without_a_value_is_written_with_both_tags(shop: Shop) -> None:
    text = shop.pay_by_barcode().text
    assert "<error></error>" in text
    assert "/>" not in text


@every_row("endpoint", ENDPOINTS)
def test_every_endpoint_answers_get_and_post_with_the_same_refusal(shop: Shop, endpoint: str) -> None:
    params = {"merchants_id": "nobody", "out_trade_no": "1", "user": "nobody"}
    by_get, by_post = shop.send(endpoint, params), shop.send(endpoint, params, "POST")
    assert read(by_get) == read(by_post)
    assert by_get.status == 200
    assert list(by_get.fields) == REFUSAL
    assert read(by_get)[0] == ("TGPayPro" if endpoint in ("tgpayrefund", "tgpaycancel") else "tgpaypro")


@every_row("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"])
@every_row("endpoint", ["tgpayqrcode", "tgpayrefund"])
def test_another_method_is_refused_with_405_and_the_allowed_ones(
        shop: Shop, endpoint: str, method: str) -> None:
    answer = exchange(url(shop, endpoint), method)
    refused(answer, "METHOD_NOT_ALLOWED", 405)
    assert {allowed.strip() for allowed in answer.headers["Allow"].split(",")} == {"GET", "POST"}


def test_head_is_refused_with_405_and_no_body(shop: Shop) -> None:
    answer = exchange(url(shop, "tgpayqrcode"), "HEAD")
    assert (answer.status, answer.raw, answer.headers["Content-Type"]) == (
        405, b"", "text/xml; charset=utf-8")


@every_row("method", ["GET", "POST", "DELETE"])
@every_row("path", [
    "/v2/", "/v2/tgpaynothing.php", "/v2/tgpayquery", "/v2/TGPayQuery.php", "/v2/tgpayquery.php/",
    "/v2/tgpayquery.php.php", "/v2/a/tgpayquery.php", "/v2//tgpayquery.php", "/v2/%FF.php", "/v2/%00.php",
    "/v2/%3Cb%3E%26.php", "/v2/" + "x" * 5000])
def test_an_unknown_path_is_refused_with_404(shop: Shop, path: str, method: str) -> None:
    refused(exchange(shop.control.url + path, method), "NOT_FOUND", 404)


def test_a_body_of_one_mebibyte_is_taken_and_a_byte_more_is_refused_with_413(shop: Shop) -> None:
    fixed = encoded((b"merchants_id", b"nobody"), (b"padding", b""))
    body = fixed.ljust(MIB, b"x")
    refused(post(shop, "tgpayquery", body), "ILLEGAL_PARTNER")
    refused(post(shop, "tgpayquery", body + b"x"), "REQUEST_TOO_LARGE", 413)


@every_row("content_type", [FORM, "multipart/form-data; boundary=x", "application/json", "text/plain", ""])
def test_a_body_of_two_mebibytes_is_refused_with_413(shop: Shop, content_type: str) -> None:
    refused(post(shop, "tgpayquery", b"x" * 2 * MIB, content_type), "REQUEST_TOO_LARGE", 413)


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_chunked_body_that_grows_too_large_is_refused_with_413(shop: Shop, content_type: str) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = (f"POST /v2/tgpayquery.php HTTP/1.1\r\nHost: shop\r\nContent-Type: {content_type}\r\nConnection: "
            f"close\r\n")
    answer = raw_request(shop.control.url, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + 16 * chunk
                         + b"1\r\nx\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"<error>REQUEST_TOO_LARGE</error>" in answer


def test_the_client_of_a_large_upload_sees_the_refusal(shop: Shop) -> None:
    refused(post(shop, "tgpayquery", b"x" * 8 * MIB), "REQUEST_TOO_LARGE", 413)


def test_a_chunked_form_is_read_like_any_other(shop: Shop) -> None:
    body = urlencode(qr_params(shop)).encode()
    answer = post(shop, "tgpayqrcode", iter([body[:10], body[10:]]))
    assert answer["is_success"] == "T"


def test_parameters_may_be_split_between_url_and_body(shop: Shop) -> None:
    params = list(qr_params(shop).items())
    answer = exchange(f"{url(shop, 'tgpayqrcode')}?{urlencode(params[:3])}", "POST",
                      urlencode(params[3:]).encode(), {"Content-Type": FORM})
    assert answer["is_success"] == "T"


def test_the_last_value_of_a_repeated_name_counts(shop: Shop) -> None:
    params = urlencode(qr_params(shop, trans_amount="3.00"))
    first = {"trans_amount": "9.00", "pay_type": "cash"}
    by_get = exchange(f"{url(shop, 'tgpayqrcode')}?{urlencode(first)}&{params}")
    assert shop.query(by_get["out_trade_no"])["trans_amount"] == "3.00"
    by_post = post(shop, "tgpayqrcode", f"{urlencode(first)}&{params}".encode())
    assert by_post["is_success"] == "T"


def test_a_name_in_url_and_body_counts_as_the_body_has_it(shop: Shop) -> None:
    params = urlencode(qr_params(shop, trans_amount="3.00")).encode()
    answer = exchange(f"{url(shop, 'tgpayqrcode')}?trans_amount=9.00&sign=0", "POST", params,
                      {"Content-Type": FORM})
    assert shop.query(answer["out_trade_no"])["trans_amount"] == "3.00"


SEEN = ["咖啡 £5|茶", "谢谢🙏", "<b>&amp;\"'</b>", "]]><!--", "&#0;&lt;", "+ %20=&;", "%zz", "％"]


@every_row("text", [*SEEN, "a\tb", "a\nb", "a\rb", "\r\n", "\x7f\x85\u2028\ufeff", "\u202eabc"])
@every_row("method", ["GET", "POST"])
def test_text_of_any_kind_comes_back_with_the_query(shop: Shop, method: str, text: str) -> None:
    number = shop.ask("tgpayprepay", method, out_trade_no=shop.number(), trans_amount="1.00",
                      pay_type="alipay", trade_type="MINI", attach=f"x{text}x")["out_trade_no"]
    answer = shop.query(number)
    assert answer["attach"] == f"x{text}x"
    assert shop.verifies(answer)


@every_row("text", SEEN)
@every_row("method", ["GET", "POST"])
def test_text_comes_back_as_it_was_sent_and_never_breaks_the_document(
        shop: Shop, method: str, text: str) -> None:
    number = f"{shop.number()}{text}"
    answer = shop.send("tgpayqrcode", qr_params(shop, out_trade_no=number), method)
    assert (answer["is_success"], answer["out_trade_no"]) == ("T", number)
    assert shop.verifies(answer)


def test_a_form_in_raw_utf8_is_read(shop: Shop) -> None:
    number = f"{shop.number()}茶"
    params = qr_params(shop, out_trade_no=number)
    answer = post(shop, "tgpayqrcode", "&".join(f"{name}={value}" for name, value in params.items()).encode())
    assert (answer["is_success"], answer["out_trade_no"]) == ("T", number)


def test_bytes_that_must_be_encoded_in_a_url_are_a_bad_request(shop: Shop) -> None:
    request = (b"GET /v2/tgpayquery.php?merchants_id=\xff\x00 HTTP/1.1\r\nHost: shop\r\nConnection: "
               b"close\r\n\r\n")
    answer = raw_request(shop.control.url, request)
    assert answer.startswith(b"HTTP/1.1 400 ")


NOT_UTF8 = [b"\xff", b"\xc3(", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "咖啡".encode("gbk"),
            b"\x80" * 64]
NOT_XML = [chr(code).encode() for code in (*range(9), 0x0b, 0x0c, *range(0x0e, 0x20), 0xfffe, 0xffff)]


@every_row("value", NOT_UTF8 + NOT_XML)
def test_what_xml_cannot_carry_is_refused_wherever_it_stands(shop: Shop, value: bytes) -> None:
    for place in (b"out_trade_no", b"reference", b"undeclared"):
        pairs = {b"merchants_id": shop.merchants_id.encode(), b"out_trade_no": shop.number().encode(),
                 b"trans_amount": b"1.00",
                 b"pay_type": b"alipay", place: b"a" + value}
        sentence = refused(post(shop, "tgpayqrcode", encoded(*pairs.items(), token=shop.token)),
                           "ILLEGAL_ARGUMENT")
        assert place.decode() in sentence


@every_row("value", NOT_UTF8 + NOT_XML[:2] + NOT_XML[-1:])
def test_what_xml_cannot_carry_is_refused_in_a_url_and_as_a_name(shop: Shop, value: bytes) -> None:
    pairs = ((b"merchants_id", shop.merchants_id.encode()), (b"out_trade_no", b"1"), (value, b"1"))
    refused(exchange(f"{url(shop, 'tgpayquery')}?{encoded(*pairs, token=shop.token).decode()}"),
            "ILLEGAL_ARGUMENT")


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("sign_type", "ILLEGAL_SIGN_TYPE"), ("sign", "ILLEGAL_SIGN"),
    ("out_trade_no", "ILLEGAL_SIGN")])
@every_row("value", [b"\xff", b"\x00", "\ufffe".encode(), b"<b>&", b"\xed\xa0\x80"])
def test_hostile_bytes_in_a_request_without_signature_are_refused_and_journalled(
        shop: Shop, name: str, value: bytes, error: str) -> None:
    pairs = {b"merchants_id": shop.merchants_id.encode(), b"out_trade_no": b"1", b"sign": b"0" * 32,
             name.encode(): value}
    form = encoded(*pairs.items())
    raw = b"&".join(key + b"=" + text for key, text in pairs.items())
    for answer in (post(shop, "tgpayquery", form), exchange(f"{url(shop, 'tgpayquery')}?{form.decode()}"),
                   post(shop, "tgpayquery", raw)):
        refused(answer, error)
        assert shop.journal(answer)["verdict"] == error


def test_raw_bytes_in_a_body_are_refused(shop: Shop) -> None:
    refused(post(shop, "tgpayquery", b"merchants_id=\xff\xfe\x00&\x00&=&&==&%&%0&out_trade_no=\x1b"),
            "ILLEGAL_PARTNER")


def test_ten_thousand_signed_parameters_are_refused(shop: Shop) -> None:
    params = shop.signed(**{f"p{number}": "v" for number in range(10_000)})
    sentence = refused(shop.send("tgpayquery", params, "POST"), "ILLEGAL_ARGUMENT")
    assert "parameters" in sentence


def test_ten_thousand_parameters_with_a_wrong_sign_are_refused_at_once(shop: Shop) -> None:
    params = {"merchants_id": shop.merchants_id, "sign": "0" * 32,
              **{f"p{number}": "v" for number in range(10_000)}}
    answer = exchange(url(shop, "tgpayquery"), "POST", urlencode(params).encode(), {"Content-Type": FORM},
                      timeout=5)
    refused(answer, "ILLEGAL_ARGUMENT")


def test_a_long_query_string_is_read(shop: Shop) -> None:
    answer = shop.send("tgpayqrcode", qr_params(shop, undeclared="x" * 100_000))
    assert answer["is_success"] == "T"


def test_a_query_string_of_two_mebibytes_is_refused(shop: Shop) -> None:
    refused(exchange(f"{url(shop, 'tgpayquery')}?merchants_id=nobody&x={'x' * 2 * MIB}"), "REQUEST_TOO_LARGE",
            413)


@every_row("content_type", ["application/json", "text/plain", "application/xml"])
def test_a_body_of_another_kind_is_refused_with_a_hint_at_the_right_one(
        shop: Shop, content_type: str) -> None:
    sentence = refused(post(shop, "tgpayqrcode", b'{"merchants_id": "1"}', content_type), "ILLEGAL_PARTNER")
    assert content_type in sentence
    assert FORM in sentence


PARAMS = b"merchants_id=201703200001&out_trade_no=1&sign=0"
NOT_READ = [
    ("GET", PARAMS, {}, "the body of a GET is not read"),
    ("GET", b'{"merchants_id": "1"}', {"Content-Type": "application/json"}, "a GET"),
    ("GET", iter([PARAMS]), {"Transfer-Encoding": "chunked"}, "the body of a GET is not read"),
    ("POST", gzip.compress(PARAMS), {"Content-Encoding": "gzip"}, "encoded as gzip"),
    ("POST", gzip.compress(PARAMS), {"Content-Type": FORM, "Content-Encoding": "GZIP"}, "encoded as gzip"),
    ("POST", PARAMS, {"Content-Type": FORM, "Content-Encoding": "br"}, "encoded as br"),
    ("POST", b'{"merchants_id": "1"}', {"Content-Type": FORM}, "begins like JSON"),
    ("POST", b"<xml><merchants_id>1</merchants_id></xml>", {"Content-Type": FORM}, "XML"),
    ("POST", PARAMS, {"Content-Type": "text/plain; charset=utf-8"}, "the body is text/plain"),
    ("POST", PARAMS, {"Content-Type": "multipart/form-data"}, "no field was found"),
    ("POST", b'--x\r\nContent-Disposition: form-data; name="sign"; filename="f"\r\n\r\n1\r\n--x--\r\n',
     {"Content-Type": "multipart/form-data; boundary=x"}, "has files in it"),
    ("POST", "out_trade_no=1&reference=茶".encode("gbk"), {"Content-Type": f"{FORM}; charset=gbk"},
     "as UTF-8, whatever its charset")]


@every_row("method, body, headers, hint", NOT_READ, ids=[row[0] + row[3] for row in NOT_READ])
def test_the_refusal_says_why_a_body_was_not_read(
        shop: Shop, method: str, body: Any, headers: dict[str, str], hint: str) -> None:
    answer = exchange(url(shop, "tgpayquery"), method, body, {"Content-Type": FORM, **headers})
    sentence = refused(answer, "ILLEGAL_PARTNER")
    assert sentence.startswith("merchants_id is missing; ") and hint in sentence
    assert "body" in shop.journal(answer)["answer"]


def test_a_get_without_a_body_and_a_plain_post_have_no_hint(shop: Shop) -> None:
    plain = {"Content-Type": FORM, "Content-Encoding": "identity"}
    for answer in (exchange(url(shop, "tgpayquery")), post(shop, "tgpayquery", b""),
                   post(shop, "tgpayquery", b"a=b"),
                   exchange(url(shop, "tgpayquery"), "POST", b"a=b", plain)):
        assert refused(answer, "ILLEGAL_PARTNER") == "merchants_id is missing"


def test_a_get_with_a_body_is_answered_by_its_url(shop: Shop) -> None:
    address = f"{url(shop, 'tgpayqrcode')}?{urlencode(qr_params(shop))}"
    assert exchange(address, "GET", b"trans_amount=9.00", {"Content-Type": FORM})["is_success"] == "T"


@every_row("path", [
    "/api/tgpaynothing.php", "/api/", "/api", "/api//tgpayquery.php", "/api/tgpayquery", "/v2"])
def test_an_unknown_path_at_the_old_address_is_refused_in_the_same_form(shop: Shop, path: str) -> None:
    refused(exchange(f"{shop.control.url}{path}"), "NOT_FOUND", 404)


def test_the_old_address_refuses_methods_and_sizes_in_the_same_form(shop: Shop) -> None:
    address = f"{shop.control.url}/api/tgpayquery.php"
    refused(exchange(address, "PUT"), "METHOD_NOT_ALLOWED", 405)
    refused(exchange(address, "BREW"), "METHOD_NOT_ALLOWED", 405)
    refused(exchange(address, "POST", b"x" * 2 * MIB), "REQUEST_TOO_LARGE", 413)


@every_row("ask", [
    lambda shop: shop.settlement("2026-01-01", "2026-01-01"),
    lambda shop: shop.ask("tgpaygetopenid", client_url="http://shop.example/"),
    lambda shop: shop.ask("tgpayapi", service="linktopost", out_trade_no=shop.h5_order()["out_trade_no"])],
    ids=["CSV", "redirect", "link to post"])
def test_pages_of_other_origins_may_read_all_answers(shop: Shop, ask: Callable[[Shop], Answer]) -> None:
    for place in ("/v2", "/api"):
        answer = ask(replace(shop, base=place))
        assert (answer.status in (200, 302), answer.headers["Access-Control-Allow-Origin"]) == (True, "*")


def test_pages_of_other_origins_may_read_nothing_else(shop: Shop) -> None:
    places = ("/_emulator/health", "/_emulator/nothing", "/console", "/", "/nothing")
    for address in (*(f"{shop.control.url}{place}" for place in places), shop.qr_order()["qr_code"]):
        assert "Access-Control-Allow-Origin" not in exchange(address).headers


def test_an_openid_stays_the_same_at_both_addresses(shop: Shop) -> None:
    first = shop.ask("tgpaygetopenid", client_url="http://shop.example/")
    cookie = first.headers["Set-Cookie"]
    assert "Path=/;" in f"{cookie};"
    sent_back = {"Cookie": cookie.partition(";")[0]}
    params = shop.signed(client_url="http://shop.example/")
    again = replace(shop, base="/api").send("tgpaygetopenid", params, headers=sent_back)
    assert again.headers["Location"] == first.headers["Location"]


def test_a_multipart_form_is_read_like_any_other(shop: Shop) -> None:
    answer = post(shop, "tgpayqrcode", *multipart(qr_params(shop, reference="咖啡 & 茶").items()))
    assert answer["is_success"] == "T", answer.text


def test_a_multipart_field_of_half_a_mebibyte_is_read(shop: Shop) -> None:
    answer = post(shop, "tgpayqrcode", *multipart(qr_params(shop, undeclared="x" * 700_000).items()))
    assert answer["is_success"] == "T", answer.text


def test_a_small_multipart_body_of_many_parts_is_not_called_too_large(shop: Shop) -> None:
    answer = post(shop, "tgpayqrcode",
                  *multipart(qr_params(shop, **{f"p{number}": "v" for number in range(1_500)}).items()))
    refused(answer, "ILLEGAL_ARGUMENT")


@every_row("body, content_type", [
    (b"no parts", "multipart/form-data"),
    (b'--x\r\nContent-Disposition: form-data; name="\xff"; filename="\x00"\r\n\r\n\xff\r\n--x--',
     "multipart/form-data; boundary=x"),
    (b"a=b", "rubbish"), (b"a=b", f"{FORM}; charset=nonsense")])
def test_a_body_without_parameters_is_refused(shop: Shop, body: bytes, content_type: str) -> None:
    refused(post(shop, "tgpayqrcode", body, content_type), "ILLEGAL_PARTNER")


def well_formed(answer: Answer) -> None:
    """Clear XML, or what else an endpoint answers; never a failure of ours."""
    assert answer.status in (200, 302, 400, 413)
    if "xml" in answer.headers["Content-Type"]:
        assert answer["is_success"] in ("T", "F")
        assert answer.fields.get("error") != "SYSTEM_ERROR"
        assert answer.headers["X-TGPay-Request"] != "0"


FUZZ: dict[str, Any] = {"deadline": None, "derandomize": True, "database": None, "phases": [Phase.generate],
                        "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
TABLES = [table for first in ENDPOINTS.values() for table in first.tables]
NAMES = sorted({row.name for table in TABLES for row in table.params} - {"sign", "merchants_id"})
VALUES = st.text(max_size=12) | st.sampled_from([
    "1.00", "alipay", "wechat", "1d", "MINI", "WAP_PAY", "linktopost", "http://[::1", "http://shop.example/",
    "2026-02-30", "MD5", "0", "bankcard", "s2s", "cashier", "webtoterminal", "sale", "9" * 5000,
    "0" * 5000 + "1", "1e999", "[" * 3000, '{"cardNo":1e400}', '{"cardNo":' + "9" * 5000 + "}", pay_info(),
    pay_info(cvv=[]),
    '[{"amount":"01.00"}]', "\n", "\u2028"])


@settings(max_examples=60, **FUZZ)
@given(endpoint=st.sampled_from(sorted(ENDPOINTS)), method=st.sampled_from(["GET", "POST"]),
       params=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), VALUES, max_size=10))
def test_any_signed_request_has_a_clear_answer(shop: Shop, endpoint: str, method: str,
                                               params: dict[str, str]) -> None:
    params.pop("merchants_id", None)
    params.pop("sign", None)
    well_formed(shop.send(endpoint, shop.signed(**{"user": "WoS.101", **params}), method))


@settings(max_examples=60, **FUZZ)
@given(endpoint=st.sampled_from(sorted(ENDPOINTS)), query=st.binary(max_size=40),
       body=st.binary(max_size=200),
       content_type=st.sampled_from([FORM, "", "multipart/form-data; boundary=x", "application/json"]),
       known=st.booleans())
def test_any_bytes_have_a_clear_answer(shop: Shop, endpoint: str, query: bytes, body: bytes,
                                       content_type: str, known: bool) -> None:
    prefix = f"merchants_id={shop.merchants_id}&user=WoS.101&sign={quote(shop.token)}&" if known else ""
    address = f"{url(shop, endpoint)}?{prefix}{quote_from_bytes(query, safe='&=+;')}"
    well_formed(exchange(address, "POST", body, {"Content-Type": content_type}))

"""The payment code on the buyer's phone: a scanner reads it, the shop charges it, and the test codes are one
tap away.
"""
import io
import random
import re
from urllib.parse import quote

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tgpay_emulator.domain import wallets
from tgpay_emulator.web.drawn import code128, qr

from .browser import LANGUAGES, PHONE, Visitor
from .driver import Shop, exchange
from .looks import faults
from .tables import every_row

WALLETS = {"alipay": r"28\d{16}", "wechat": r"13\d{16}"}
RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v1")


def picture(path: str, width: int, height: int) -> Image.Image:
    """What a path draws, a pixel a module."""
    drawn = Image.new("L", (width, height), 255)
    for left, top, length in (map(int, found) for found in RECTANGLE.findall(path)):
        drawn.paste(0, (left, top, left + length, top + 1))
    return drawn


def read(picture: Image.Image) -> set[tuple[str, str]]:
    """The codes that a scanner sees: (kind, text)."""
    return {(found.format.name, found.text) for found in zxingcpp.read_barcodes(picture)}


@pytest.mark.exhaustive
@every_row("length", [2, 3, 16, 17, 18, 24])
def test_a_scanner_reads_every_barcode(length: int) -> None:
    dice = random.Random(length)
    codes = {"".join(dice.choices("0123456789", k=length)) for _ in range(40)}
    codes |= {f"{pair:02d}" * (length // 2) for pair in range(length, 100, 4)}
    read_wrongly = {code for code in codes for bars, width in [code128(code)]
                    if read(picture(bars, width, 1).resize((2 * width, 60), Image.Resampling.NEAREST))
                    != {("Code128", code)}}
    assert read_wrongly == set()


def test_a_scanner_reads_the_qr_code() -> None:
    modules, side = qr("280136483235977421")
    drawn = picture(modules, side, side).resize((side * 4, side * 4), Image.Resampling.NEAREST)
    assert read(drawn) == {("QRCode", "280136483235977421")}


def shown(page: Page) -> str:
    """The code in digits, as the page writes it."""
    return page.locator("code").inner_text().replace(" ", "")


def scanned(page: Page) -> set[tuple[str, str]]:
    """What a scanner reads from the screen."""
    return read(Image.open(io.BytesIO(page.screenshot())))


@pytest.mark.parametrize("wallet, language", list(zip(WALLETS, LANGUAGES, strict=True)))
def test_the_page_fits_is_readable_and_a_scanner_reads_both_codes_by_day_and_by_night(
         visitor: Visitor, base_url: str, wallet: str, language: str) -> None:
    with visitor.at(f"{base_url}/code/{wallet}", language) as page:
        assert faults(page, f"payment-code-{wallet}", language) == {}
        code = shown(page)
        assert re.fullmatch(WALLETS[wallet], code)
        page.set_viewport_size({"width": PHONE, "height": 740})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            assert scanned(page) == {("Code128", code), ("QRCode", code)}


@pytest.mark.parametrize("wallet", WALLETS)
def test_each_visit_has_a_new_code_and_the_shop_is_paid_with_it(
        base_url: str, shop: Shop, wallet: str) -> None:
    codes = [re.findall(r'data-copy="(\d+)"', exchange(f"{base_url}/code/{wallet}").text)[0]
             for _ in range(3)]
    assert len(set(codes)) == 3
    answers = [shop.pay_by_barcode(buyer_identity_code=code, pay_type=wallet)["result_code"]
               for code in codes]
    assert answers == ["SUCCESS"] * 3


def test_the_same_seed_shows_the_same_codes_in_the_same_order() -> None:
    runs = [[wallets.payment_code(seed, wallet, number) for wallet in WALLETS for number in range(1, 50)]
            for seed in ("lunch", "lunch", "tea")]
    assert runs[0] == runs[1]
    assert len(set(runs[0] + runs[2])) == 4 * 49


@pytest.mark.exhaustive
def test_the_codes_whose_buyers_fail_are_one_tap_away_and_behave(
        visitor: Visitor, base_url: str, shop: Shop) -> None:
    outcomes = {}
    with visitor.at(f"{base_url}/code/wechat") as page:
        for place, row in enumerate(wallets.TEST_CODES, 1):
            page.locator(".chip").nth(place).click()
            code = shown(page)
            assert code == wallets.PREFIXES["wechat"] + row.ending
            answer = shop.pay_by_barcode(buyer_identity_code=code, pay_type="wechat")
            outcomes[page.locator("[aria-current]").inner_text()] = answer.fields.get(
                "detail_error_code", answer["result_code"])
            assert page.get_by_role("status").inner_text() == page.locator("[aria-current]").inner_text()
    assert outcomes == {
        "Buyer must confirm on the phone": "UNKNOWN", "Insufficient balance": "BUYER_BALANCE_NOT_ENOUGH",
        "Account restricted": "BUYER_ENABLE_STATUS_FORBID",
        "Limit exceeded": "BEYOND_PAY_RESTRICTION", "Invalid code": "PAYMENT_AUTH_CODE_INVALID"}


@pytest.mark.exhaustive
def test_a_code_stays_with_the_other_language_and_new_code_gives_another(
        visitor: Visitor, base_url: str) -> None:
    with visitor.at(f"{base_url}/code/alipay") as page:
        code = shown(page)
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("heading", name="请向收银员出示付款码")).to_be_visible()
        assert shown(page) == code
        page.get_by_role("link", name="刷新付款码").click()
        expect(page.locator("code")).not_to_have_text(" ".join(re.findall("..?.?.?", code)))
        page.get_by_role("link", name="查看微信支付付款码").click()
        expect(page.locator("body")).to_have_class(re.compile("wechat"))


@pytest.mark.exhaustive
@pytest.mark.parametrize("has_clipboard", [True, False], ids=["this machine", "a phone on the Wi-Fi"])
def test_the_code_is_copied_also_where_the_browser_has_no_clipboard_for_the_page(
         visitor: Visitor, base_url: str, has_clipboard: bool) -> None:
    with visitor.at(f"{base_url}/code/alipay") as page:
        if not has_clipboard:
            page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.get_by_role("button", name="Copy").press("Enter")
        expect(page.get_by_role("button", name="Copied")).to_be_focused()
        page.evaluate("document.body.append(document.createElement('textarea')); "
                      "document.querySelector('textarea').focus()")
        page.keyboard.press("Control+v")
        assert page.evaluate("document.querySelector('textarea').value") == shown(page)


def test_without_javascript_there_is_no_button_that_does_nothing(visitor: Visitor, base_url: str) -> None:
    with visitor.at(f"{base_url}/code/alipay", script=False) as page:
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.get_by_role("link", name="New code")).to_be_visible()


@every_row("named", ["134567890123456789", "28013648323597", "<script>", "２８0136483235977421"])
def test_an_address_that_names_no_code_of_this_wallet_gets_a_new_one(base_url: str, named: str) -> None:
    told = exchange(f"{base_url}/code/alipay?code={quote(named)}").text
    assert re.search(r'data-copy="28\d{16}"', told) and named not in told


def test_there_are_codes_of_the_two_wallets_only(base_url: str) -> None:
    assert exchange(f"{base_url}/code/bankcard").status == 404

"""A payer by card at a real browser, which reaches nobody but the emulator and the shops of the test."""
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from .driver import Answer, Receiver, Shop, md5_sign
from .test_pages import CHROMIUM, CONTRAST, DESK, FLAGS, HEIGHT, LANGUAGES, PHONE, PICTURES

ABORTED = "net::ERR_ABORTED"  # what a page was fetching when it was left
PATIENCE_MS = 10_000  # a page may wait for a machine that others keep busy
RETURNED = ["merchants_id", "out_trade_no", "order_id", "status", "result_code", "trans_amount", "sign", "sign_type"]
MONTH_OVER = "01", "24"
_LABELS = """
() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter((field) => !field.ariaLabel && ![...field.labels].some((label) => label.textContent.trim())).map((field) => field.name)
"""


class Windows:
    """The windows of a Chromium; one that was left is used again, which is much quicker than a new one."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._profiles: dict[tuple[str, bool], BrowserContext] = {}
        self._left: dict[tuple[str, bool], list[Page]] = {}

    @contextmanager
    def window(self, language: str, script: bool, alone: bool) -> Iterator[Page]:
        """A window; one that is alone shares nothing with the others, not even the browser's clock."""
        kind = (language, script)
        if alone or kind not in self._profiles:
            profile = self.browser.new_context(locale=LANGUAGES[language], java_script_enabled=script)
            if not alone:
                self._profiles[kind] = profile
        left = [] if alone else self._left.setdefault(kind, [])
        page = left.pop() if left else (profile if alone else self._profiles[kind]).new_page()
        page.bring_to_front()  # one behind another window is shown once a second
        try:
            yield page
        except BaseException:  # whatever the page is doing, nobody shall have it after this
            page.close()
            raise
        if alone:
            profile.close()
        else:
            page.goto("about:blank")
            left.append(page)


def opened(base_url: str) -> Iterator[Windows]:
    """The browser of a module."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    walled = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE {urlsplit(base_url).hostname}"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, walled])
        yield Windows(started)
        started.close()


class Payer:
    """Opens pages, and keeps what they must not do: ask anybody else, ask for what is not there, or write on the console."""

    def __init__(self, windows: Windows, base_url: str) -> None:
        self.windows = windows
        self.homes = [base_url]
        self.complaints: list[str] = []
        self.posts: list[str] = []

    @contextmanager
    def at(self, url: str, language: str = "en", width: int = PHONE, script: bool = True, alone: bool = False) -> Iterator[Page]:
        """The page at an address, in a window of its own."""
        hears: dict[Any, Any] = {
            "request": lambda request: self._asks(request.method, request.url),
            "requestfailed": lambda request: self._note(f"{request.url}: {request.failure}", request.failure != ABORTED),
            "response": lambda answer: self._note(f"{answer.url}: {answer.status}", answer.status >= 400),
            "console": lambda message: self._note(message.text, True),
            "pageerror": lambda error: self._note(str(error), True)}
        with self.windows.window(language, script, alone) as page:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme="light", reduced_motion="no-preference")
            for event, hear in hears.items():
                page.on(event, hear)
            try:
                page.goto(url)
                yield page
            finally:
                for event, hear in hears.items():
                    page.remove_listener(event, hear)

    def _asks(self, method: str, url: str) -> None:
        if method == "POST":
            self.posts.append(url)
        self._note(url, not url.startswith((*self.homes, "data:")))

    def _note(self, text: str, wrong: bool) -> None:
        if wrong:
            self.complaints.append(text)

    def knows(self, receiver: Receiver, path: str = "/notify") -> str:
        """The shop's address of a path, where the browser may go too."""
        site = receiver.url.removesuffix("/notify")
        self.homes.append(site)
        return site + path


def payers(windows: Windows, base_url: str) -> Iterator[Payer]:
    """A payer whose pages asked nobody else, failed nowhere and did not complain."""
    made = Payer(windows, base_url)
    yield made
    assert made.complaints == [], made.complaints


def faults(page: Page, name: str) -> dict[str, object]:
    """What is wrong with the page as a phone and as a desktop show it, by day and by night; `name` is that of its pictures."""
    PICTURES.mkdir(exist_ok=True)
    assert page.title()
    found: dict[str, object] = {"fields without label": page.evaluate(_LABELS)}
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found[f"too wide at {width}"] = max(0, page.evaluate("document.documentElement.scrollWidth") - width)
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[f"hard to read in {scheme}"] = page.evaluate(CONTRAST)
    return {fault: what for fault, what in found.items() if what}


def field(page: Page, kind: str) -> Locator:
    """A field of the card, as browsers find it to fill it in."""
    return page.locator(f"input[autocomplete=cc-{kind}]")


def type_card(page: Page, number: str, month: str = "12", year: str = "49", cvv: str | None = None) -> None:
    """Type a card into the cashier's form."""
    field(page, "number").fill(number)
    field(page, "exp-month").fill(month)
    field(page, "exp-year").fill(year)
    field(page, "csc").fill(cvv if cvv is not None else "1234" if number[:2] in ("34", "37") else "123")


def pay_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^(Pay|确认付款) "))


def pay_by_card(page: Page, number: str) -> None:
    """Type a card and pay with it."""
    type_card(page, number)
    pay_button(page).click()


def type_code(page: Page, code: str) -> None:
    """Answer the issuer's page."""
    page.get_by_label("One-time code").fill(code)
    page.get_by_role("button", name="Confirm").click()


def issuer_of(payment: Answer) -> dict[str, Any]:
    """How a card payment says that the payer is sent to the issuer's page."""
    told: dict[str, Any] = json.loads(payment["payMethodResp"])
    assert (told["isRedirect"], told["redirectMethod"]) == ("yes", "POST")
    return told


def shop_page(receiver: Receiver, html: str) -> None:
    """From now on the shop's server shows a page, whatever is asked."""
    receiver.headers = {"Content-Type": "text/html; charset=utf-8"}
    receiver.answers = [(200, f"<!doctype html><html lang=en><title>Shop</title><link rel=icon href=data:,>{html}</html>".encode())]


def events(shop: Shop, out_trade_no: str) -> list[str]:
    """What happened to an order."""
    return [line["event"] for line in shop.story(out_trade_no)["history"]]


def outcome(shop: Shop, out_trade_no: str) -> tuple[str, str]:
    """Response code and status of a card order, as the query tells them."""
    told = shop.query(out_trade_no)
    return told["resp_code"], told["status"]


def told_to(shop: Shop, url: str) -> dict[str, str]:
    """What contract 3.1 adds to redirect_url, rightly signed, after the address's own query."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert [name for name, _ in query[-len(RETURNED):]] == RETURNED
    added = dict(query[-len(RETURNED):])
    assert (added["sign"], added["sign_type"]) == (md5_sign(added, shop.token), "MD5")
    return added

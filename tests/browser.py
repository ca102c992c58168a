"""A visitor at a real browser, which reaches nobody but the emulator and the shops of the test."""
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .driver import Receiver

# The shell is Chromium without the parts that draw windows, and needs half the time.
CHROMIUM = next(filter(None,
                       map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser",
                                          "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
PHONE, DESK = 360, 1280
HEIGHT = 740
ABORTED = "net::ERR_ABORTED"  # what a page was fetching when it was left
PATIENCE_MS = 10_000  # a page may wait for a machine that others keep busy
STATUS = re.compile(r"the server responded with a status of (\d+)")


class Windows:
    """The windows of a Chromium; one that was left is used again, which is much quicker than a new one."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self._profiles: dict[tuple[str, bool], BrowserContext] = {}
        self._left: dict[tuple[str, bool], list[Page]] = {}

    @contextmanager
    def window(self, language: str, script: bool, alone: bool, agent: str | None) -> Iterator[Page]:
        """A window; one that is alone, or another agent's, shares nothing with the others, not even the
        browser's clock.
        """
        kind, alone = (language, script), alone or agent is not None
        if alone or kind not in self._profiles:
            profile = self.browser.new_context(locale=LANGUAGES[language], java_script_enabled=script,
                                               user_agent=agent)
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


def opened() -> Iterator[Windows]:
    """A browser that knows no other host than this machine and the one that TGPAY_TEST_URL names."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium-headless-shell")
    hosts = {"127.0.0.1", urlsplit(os.environ.get("TGPAY_TEST_URL", "")).hostname or "127.0.0.1"}
    walled = ", ".join(["--host-resolver-rules=MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in hosts)])
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, walled])
        yield Windows(started)
        started.close()


class Visitor:
    """Opens pages, and keeps what they must not do: ask anybody else, ask for what is not there, or write on
    the console.
    """

    def __init__(self, windows: Windows, base_url: str) -> None:
        self.windows = windows
        self.homes = [base_url]
        self.complaints: list[str] = []
        self.posts: list[str] = []
        self.expected: set[int] = set()

    @contextmanager
    def at(self, url: str, language: str = "en", width: int = PHONE, script: bool = True, alone: bool = False,
           agent: str | None = None) -> Iterator[Page]:
        """The page at an address, in a window of its own; `agent` is another browser's User-Agent."""
        hears: dict[Any, Any] = {
            "request": lambda request: self._asks(request.method, request.url),
            "requestfailed": lambda request: self._note(f"{request.url}: {request.failure}",
                                                        request.failure != ABORTED),
            "response": lambda answer: self._note(f"{answer.url}: {answer.status}",
                                                  self._wrong(answer.status)),
            "console": lambda message: self._hears(message.text),
            "pageerror": lambda error: self._note(str(error), True)}
        with self.windows.window(language, script, alone, agent) as page:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            # what moves is drawn all the time
            page.emulate_media(color_scheme="light", reduced_motion="reduce")
            for event, hear in hears.items():
                page.on(event, hear)
            try:
                page.goto(url)
                yield page
            finally:
                for event, hear in hears.items():
                    page.remove_listener(event, hear)

    def expects(self, *statuses: int) -> None:
        """Answers of these statuses belong to the test."""
        self.expected.update(statuses)

    def knows(self, receiver: Receiver, path: str = "/notify") -> str:
        """The shop's address of a path, where the browser may go too."""
        site = receiver.url.removesuffix("/notify")
        self.homes.append(site)
        return site + path

    def _asks(self, method: str, url: str) -> None:
        if method == "POST":
            self.posts.append(url)
        self._note(url, not url.startswith((*self.homes, "data:")))

    def _wrong(self, status: int) -> bool:
        return status >= 400 and status not in self.expected

    def _hears(self, text: str) -> None:
        """The console; the browser says there too that a status was an error."""
        told = STATUS.search(text)
        self._note(text, told is None or self._wrong(int(told[1])))

    def _note(self, text: str, wrong: bool) -> None:
        if wrong:
            self.complaints.append(text)


def visitors(windows: Windows, base_url: str) -> Iterator[Visitor]:
    """A visitor whose pages asked nobody else, failed nowhere and did not complain."""
    made = Visitor(windows, base_url)
    yield made
    assert made.complaints == [], made.complaints

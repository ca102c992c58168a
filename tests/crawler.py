"""Follows every link of every page of an emulator that is shown under a path, and keeps its cookies."""
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib import error, parse, request

from lxml import html

from .proxy import Proxy

BACK = "http://127.0.0.1:9/back"  # a page of the shop's own
FOLLOWED = ("href", "src", "data-state", "data-pulse", "data-receipt")
WRITTEN = ("value", "placeholder", "title", "alt", "d", "data-copy")  # texts, not addresses
IMPORTED = re.compile(r"""\b(?:from|import) "([^"]+)";""")


@dataclass
class Site:
    """The emulator as people reach it: `url` is its public address, at `direct` it listens."""

    proxy: Proxy
    url: str
    path: str
    direct: str
    token: str = ""


class NoRedirect(request.HTTPRedirectHandler):
    """Redirects are looked at."""

    def redirect_request(self, *args: Any) -> None:
        return None


@dataclass
class Crawler:
    """`faults` is what leads outside of the path, `seen` the status of every address without its query."""

    site: Site
    faults: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.opener = request.build_opener(NoRedirect, request.HTTPCookieProcessor(CookieJar()))

    def ask(self, url: str, fields: dict[str, str] | None = None) -> tuple[int, Any, bytes]:
        """One request of a page; where it leads and what it keeps must be under the path."""
        body = None if fields is None else parse.urlencode(fields).encode()
        headers = {"Origin": self.site.proxy.site, "Authorization": f"Bearer {self.site.token}"}
        try:
            with self.opener.open(request.Request(url, body, headers), timeout=30) as answer:
                status, told, text = answer.status, answer.headers, answer.read()
        except error.HTTPError as refused:
            with refused:
                status, told, text = refused.code, refused.headers, refused.read()
        for cookie in told.get_all("Set-Cookie", []):
            self.note(f"{url} sets {cookie}", f"Path={self.site.path}/" not in cookie)
        if "Location" in told:
            self.inside(url, told["Location"])
        return status, told, text

    def submit(self, path: str, **fields: str) -> str:
        """Send a form; answers where it leads."""
        status, told, text = self.ask(f"{self.site.url}{path}", fields)
        assert status == 303, (path, status, text)
        return parse.urljoin(self.site.url, str(told["Location"]))

    def crawl(self, *starts: str) -> None:
        """Everything that can be reached from these addresses, each path once."""
        waiting = list(starts)
        while waiting:
            url = waiting.pop(0).partition("#")[0]
            path = url.partition("?")[0]
            if path not in self.seen and path != BACK:
                self.seen[path], told, body = self.ask(url)
                waiting += self.links(url, told, body.decode(errors="replace"))

    def links(self, url: str, told: Any, text: str) -> list[str]:
        """The addresses that an answer leads to."""
        kind = told.get_content_type()
        if "Location" in told:
            return [self.inside(url, told["Location"])]
        if kind == "text/html":
            return list(self.of_page(url, text))
        if kind.endswith("javascript"):
            return [self.inside(url, found) for found in IMPORTED.findall(text)]
        if kind == "application/json" and not url.endswith("/openapi.json"):
            self.note(f"{url} names a page outside", not is_under(self.site.path, json.loads(text)))
        return []

    def of_page(self, url: str, text: str) -> Iterator[str]:
        """The addresses of a page that are followed; those of forms, frames and streams are looked at too."""
        # The demo's shop is the server itself, and hears notifications at the address that it listens on.
        itself = f"{re.escape(self.site.direct)}(?!/demo/notify)"
        outside = f"{re.escape(self.site.proxy.site)}(?!{re.escape(self.site.path)})"
        written = re.findall(f"(?:{itself}|{outside})[^<]*", text)
        self.note(f"{url} writes {written}", bool(written))
        for element in html.fromstring(text.encode()).iter():
            for name, value in element.attrib.items():
                found = address(element, name, value)
                if found is None:
                    continue
                whole = self.inside(url, found)
                if name in (*FOLLOWED, "content") or (name == "action" and element.get("method") is None):
                    yield whole

    def inside(self, url: str, found: str) -> str:
        """The whole of an address that was found, which must be under the path, or the shop's."""
        whole = parse.urljoin(url, found)
        place = whole.partition("?")[0]
        is_inside = place.startswith(f"{self.site.url}/") or place in (self.site.url, BACK)
        self.note(f"{url} leads to {found}", not is_inside)
        return whole

    def note(self, text: str, wrong: bool) -> None:
        """Keep what is wrong."""
        if wrong:
            self.faults.append(text)


def address(element: Any, name: str, value: str) -> str | None:
    """The address that an attribute has; None where it has none."""
    if element.get("http-equiv") == "refresh" and name == "content":
        return value.partition("url=")[2]
    if name in WRITTEN or value.startswith("data:"):
        return None
    return value if name in ("href", "src", "action", "formaction") or value.startswith("/") else None


def is_under(path: str, document: Any) -> bool:
    """Whether every `page` of a JSON document has the path."""
    if isinstance(document, dict):
        page = str(document.get("page", f"{path}/"))
        return page.startswith(f"{path}/") and is_under(path, list(document.values()))
    return not isinstance(document, list) or all(is_under(path, part) for part in document)

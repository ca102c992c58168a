"""Somebody at the console over plain HTTP."""
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lxml import html

from ..driver import NEVER_SIGNED, Answer, Shop, exchange

# A form of one of the console's own pages, as browsers say.
OWN_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


def misjoined(shop: Shop, **params: str) -> dict[str, str]:
    """The parameters of a QR order, with a sign whose token was appended as `&key=`."""
    named = {"merchants_id": shop.merchants_id, "out_trade_no": shop.number(), "trans_amount": "1.00",
             "pay_type": "alipay",
             "sign_type": "MD5", **params}
    text = "&".join(f"{name}={named[name]}" for name in sorted(named) if name not in NEVER_SIGNED)
    return {**named, "sign": hashlib.md5(f"{text}&key={shop.token}".encode()).hexdigest()}


@dataclass
class Desk:
    """A browser without scripts: it keeps cookies, and follows no redirect by itself."""

    url: str
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None,
            headers: Mapping[str, str] | None = None,
            **query: Any) -> Answer:
        """One request of the console; `path` may be a whole path with its query."""
        address = f"{self.url}{path if path.startswith('/console') else f'/console{path}'}"
        address += f"{'&' if '?' in address else '?'}{urlencode(query)}" if query else ""
        sent = {"Accept-Language": self.language,
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                **(OWN_FORM if fields is not None else {}), **(headers or {})}
        answer = exchange(address, method, urlencode(fields).encode() if fields is not None else None, sent)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in cookie:
                del self.cookies[name]
        return answer

    def page(self, path: str, **query: Any) -> Any:
        """A page that is answered with 200, as a document."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer.text
        return html.fromstring(answer.text)

    def post(self, path: str, **fields: str) -> str:
        """Send a form, go where it leads, and answer what is said there."""
        answer = self.ask("POST", path, fields)
        assert answer.status == 303, answer.text
        return told(self.page(answer.headers["Location"]))

    def order(self, shop: Shop, out_trade_no: str) -> str:
        """The path of an order's page."""
        return f"/orders/{shop.story(out_trade_no)['id']}"


def told(page: Any) -> str:
    """What a page says of the change before it."""
    return " ".join(words(part) for part in page.xpath("//main/p[@role]"))


def words(element: Any) -> str:
    """The text of an element and of all that is in it, with single blanks between."""
    return " ".join(" ".join(element.itertext()).split())


def rows(page: Any) -> list[str]:
    """The rows of a page's list."""
    return [words(row) for row in page.xpath("//table[@class='list']/tbody/tr")]

"""Merchants and their settings, the seeded merchants, and the settings of a new one."""
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from typing import Any

from msgspec import Struct
from werkzeug.security import check_password_hash, generate_password_hash

from ..base import money, randomness, urls
from ..protocol import card_numbers
from . import destinations
from .errors import Invalid

PRODUCTS = ("barcode", "qrcode", "h5", "prepay", "bankcard", "webtoterminal", "settlement")
NOTIFY_METHODS = ("GET", "POST")
MOST_IN_URL = 2048
DEFAULT_RATE = "9.07480000"
DEFAULT_FEE_RATE = "0.006"


class Store(Struct, frozen=True):
    """A shop of a merchant, as notifications and the settlement file name it."""

    store_id: str
    store_name: str


class Merchant(Struct, frozen=True):
    """A merchant and its settings.

    Rates are hundred-millionths: `rate` is CNY for one unit of `currency`, `fee_rate` a fraction of the
    amount.
    """

    merchants_id: str
    token: str
    name: str
    notify_url: str = ""
    notify_method: str = "GET"
    currency: str = "GBP"
    rate: int = money.rate(DEFAULT_RATE)
    fee_rate: int = money.rate(DEFAULT_FEE_RATE)
    products: tuple[str, ...] = PRODUCTS
    strict: bool = False
    stores: tuple[Store, ...] = ()
    wechat_key: str = ""
    industry: str = "5399"

    @property
    def store(self) -> Store:
        """The shop that payments are assigned to."""
        return self.stores[0] if self.stores else Store(f"{self.merchants_id}_101", self.name)

    @property
    def notify_address(self) -> str:
        """Where its notifications go: notify_url, or the address of its inbox or its listener."""
        return destinations.address(self.notify_url, self.merchants_id)

    def as_settings(self) -> dict[str, Any]:
        """The settings in the form in which the database stores them."""
        return {
            "token": self.token, "name": self.name, "notify_url": self.notify_url,
            "notify_method": self.notify_method, "currency": self.currency,
            "rate": money.rate_text(self.rate), "fee_rate": fraction_text(self.fee_rate),
            "products": list(self.products), "strict": self.strict,
            "stores": [{"store_id": store.store_id, "store_name": store.store_name} for store in self.stores],
            "wechat_key": self.wechat_key, "industry": self.industry}

    def shown_settings(self) -> dict[str, Any]:
        """The settings for display, with `***` in place of the user and password of notify_url."""
        return {**self.as_settings(), "notify_url": urls.discreet(self.notify_url)}


class User(Struct, frozen=True):
    """A login of a merchant's staff (section 15); only a hash of the password is kept."""

    login: str
    account_id: str
    password_hash: str

    def __repr__(self) -> str:
        """A text without the hash."""
        return f"User({self.login!r}, {self.account_id!r})"

    @classmethod
    def new(cls, login: str, password: str, account_id: str = "") -> "User":
        """A login with this password.

        The hash is a quick one: the password protects invented data only, and tests make many logins.
        """
        return cls(login, account_id, generate_password_hash(password, "scrypt:128:8:1"))

    def has_password(self, password: str) -> bool:
        """Whether this is the user's password."""
        return check_password_hash(self.password_hash, password)


def fraction_text(scaled: int) -> str:
    """A fee rate (hundred-millionths) as text without trailing zeros: `0.006`."""
    return money.rate_number(scaled)


def from_settings(merchants_id: str, settings: Mapping[str, Any]) -> Merchant:
    """The merchant with the settings that `as_settings` returned."""
    as_stored = (
        "token", "name", "notify_url", "notify_method", "currency", "strict", "wechat_key", "industry")
    return Merchant(
        merchants_id, **{name: settings[name] for name in as_stored},
        rate=money.rate(settings["rate"]), fee_rate=money.rate(settings["fee_rate"]),
        products=tuple(settings["products"]), stores=tuple(Store(**store) for store in settings["stores"]))


def new_settings(merchants_id: str, seed: str) -> dict[str, Any]:
    """The settings of a new merchant; token and WeChat key derive from the seed and the merchant's number."""
    return Merchant(
        merchants_id, token=randomness.hexadecimal(32, seed, "token", merchants_id),
        name=f"Merchant {merchants_id}", stores=(Store(f"{merchants_id}_101", f"Store {merchants_id}_101"),),
        wechat_key=randomness.hexadecimal(32, seed, "wechat key", merchants_id)).as_settings()


def seeded(seed: str) -> dict[str, dict[str, Any]]:
    """The merchants of the document's examples with their settings; section 1.2 has the first one's token."""
    names = {"201703200001": "Watches of Switzerland", **{number: f"TGPay merchant {number}" for number in (
        "201807208001", "201701010001", "202012177001", "202107207001", "202109200001")}}
    settings = {number: {**new_settings(number, seed), "name": name} for number, name in names.items()}
    settings["201703200001"].update(token="14b0be26d00fbc6dcf20ed1f0a3516df", industry="5944",
                                    stores=[{"store_id": "201703200001_101",
                                             "store_name": "Watches of Switzerland 101"}])
    settings["201701010001"].update(stores=[{"store_id": "201701010001_102", "store_name": "TGPay_102"}])
    return settings


def delivered(merchants_id: str, token: str, is_taken: Callable[[str], bool]) -> list[dict[str, str]]:
    """The terminals that a new merchant gets: serial and type of each.

    For merchants of the document's examples they are those of the examples; others get two with unused
    serials.
    """
    candidates = (f"19{randomness.digits(8, token, 'terminal', merchants_id, number)}" for number in count())
    own = islice((serial for serial in candidates if not is_taken(serial)), NEW_TERMINALS)
    serials = SEEDED_TERMINALS.get(merchants_id, own)
    return [{"serial": serial, "terminal_type": TERMINAL_TYPE} for serial in serials]


TERMINAL_TYPE, NEW_TERMINALS = "PAX920", 2
SEEDED_TERMINALS: Mapping[str, tuple[str, ...]] = {
    "201703200001": ("0821032398", "0821032399"), "201807208001": ("1850025030",), "202109200001": ("801",),
    **dict.fromkeys(("201701010001", "202012177001", "202107207001"), ())}
SEEDED_USERS = {"201703200001": ({"login": "WoS.101", "password": "1234", "account_id": "31"},)}


def _text(least: int, most: int) -> Any:
    return lambda value: None if isinstance(value,
                                            str) and least <= len(value) <= most and value.isprintable() \
        else f"must be text of {least} to {most} printable characters"


def _rate(least: int, most: int) -> Any:
    def check(value: Any) -> str | None:
        rule = f"must be decimal text from {fraction_text(least)} to {fraction_text(most)}"
        try:
            return None if least <= money.rate(value) <= most else rule
        except (TypeError, ValueError):
            return rule
    return check


def _url(value: Any) -> str | None:
    rule = "must be empty, inbox, listen or an absolute http or https URL"
    if not isinstance(value, str):
        return rule
    if destinations.is_word(value):
        return None
    if len(value) > MOST_IN_URL:
        return f"{rule} of at most {MOST_IN_URL} characters"
    reason = urls.problem(value) if value else None
    return f"{rule}: {reason}" if reason else None


def _currency(value: Any) -> str | None:
    if not (isinstance(value, str) and re.fullmatch("[A-Z]{3}", value)):
        return "must be three capital letters"
    decimals = money.OTHER_DECIMALS.get(value, 2)
    if decimals == 2:
        return None
    return f"must have two decimals, as all amounts of the gateway do; {value} has {decimals or 'none'}"


def _one_of(*choices: Any) -> Any:
    return lambda value: None if value in choices else f"must be one of {', '.join(map(str, choices))}"


def _products(value: Any) -> str | None:
    fine = isinstance(value, list) and all(product in PRODUCTS for product in value)
    return None if fine else f"must be a list of {', '.join(PRODUCTS)}"


def _rows(required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Any:
    def check(value: Any) -> str | None:
        rows = value if isinstance(value, list) else [None]
        for row in rows:
            if not isinstance(row, dict) or not set(required) <= set(row) <= set(required + optional) \
                    or not all(isinstance(text, str) and text for text in row.values()):
                names = ", ".join(required + tuple(f"{name} (optional)" for name in optional))
                return f"must be a list of objects with the texts {names}"
        return None
    return check


CHECKS = {
    "token": lambda value: None if isinstance(value, str) and len(value) == 32 and value.isascii()
    and value.isalnum()
    else "must be 32 letters and digits",
    "name": _text(1, 128), "notify_url": _url, "notify_method": _one_of(*NOTIFY_METHODS),
    "currency": _currency,
    "rate": _rate(money.LEAST_RATE, money.MOST_RATE), "fee_rate": _rate(0, money.SCALE),
    "products": _products, "strict": lambda value: None if isinstance(value, bool)
    else "must be true or false", "stores": _rows(("store_id", "store_name")),
    "users": _rows(("login", "password"), ("account_id",)), "wechat_key": _text(1, 128),
    "industry": _text(1, 4),
}


def _texts(value: Any) -> Iterator[str]:
    """The texts in the value of a setting that are stored unchanged; passwords are not."""
    if isinstance(value, str):
        yield value
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict):
            yield from (text for name, text in row.items() if isinstance(text, str) and name != "password")


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, if each is a known setting with a possible value. Raises Invalid with all problems."""
    problems = {}
    for name, value in changes.items():
        if name not in CHECKS:
            problem = f"is not a setting; the settings are {', '.join(CHECKS)}"
        elif any(map(card_numbers.suspects, _texts(value))):
            problem = card_numbers.PROBLEM
        else:
            problem = CHECKS[name](value)
        if problem:
            problems[name] = problem
    if problems:
        raise Invalid(problems)
    return dict(changes)


def as_meant(changes: Mapping[str, Any], present: Merchant | None) -> dict[str, Any]:
    """The checked changes; if notify_url has `***`, with the user and password of `present` in its place.

    Raises Invalid if the rest of that notify_url is not the present one's.
    """
    url = changes.get("notify_url", "")
    if not urls.is_shown(url):
        return dict(changes)
    if present is None or urls.discreet(present.notify_url) != url:
        raise Invalid({"notify_url": f"has {urls.HIDDEN} in place of user and password; write them again"})
    return {**changes, "notify_url": present.notify_url}

"""What the tests of scenarios ask: which rule was used, and what happened at which instant after noon."""
from datetime import datetime, timedelta

from .driver import Answer, Shop

NOON = "2027-03-01T12:00:00.000Z"


def after(seconds: float) -> str:
    """The instant so long after noon, as the control interface writes it."""
    instant = datetime.fromisoformat(NOON) + timedelta(seconds=seconds)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def happened(shop: Shop, number: str) -> list[tuple[str, str]]:
    """What happened to an order, and when."""
    return [(row["event"], row["at"]) for row in shop.story(number)["history"]]


def rule(answer: Answer) -> str | None:
    """The rule that was used."""
    found: str | None = answer.headers["X-TGPay-Rule"]
    return found

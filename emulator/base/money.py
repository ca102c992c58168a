"""Amounts and rates: integers in the code, decimal text on the wire.

An amount is an `int` of minor units (pence, fen). A rate, of exchange or of fees, is an `int` of
hundred-millionths, because the document prints eight places (`9.07480000`). All rounding is half up, away
from zero (settlement, section 14).
"""
import re

SCALE = 10**8
LEAST, MOST = 1, 100_000_000
LEAST_RATE, MOST_RATE = SCALE // 10_000, 100_000 * SCALE

# ISO 4217: the currencies whose minor unit is not a hundredth, by the number of their decimals; metals,
# units of account and codes for tests have none.
OTHER_DECIMALS = {
    **dict.fromkeys("XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split(), 0),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3), **dict.fromkeys("CLF UYW".split(), 4)}

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "HKD": "HK$", "CNY": "¥", "JPY": "JP¥"}

_AMOUNT = re.compile(r"0*(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_RATE = re.compile(r"(\d{1,8})(?:\.(\d{1,8}))?", re.ASCII)


def minor(written: str) -> int:
    """Minor units of decimal text with at most two places: `"1.5"` is 150, `"025"` 2500.

    Raises ValueError.
    """
    match = _AMOUNT.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a decimal number with at most two places")
    whole, part = match.groups()
    return int(whole) * 100 + int((part or "").ljust(2, "0"))


def has_leading_zeros(written: str) -> bool:
    """Whether decimal text begins with superfluous zeros: `025` and `00.50` do, `0.50` does not."""
    return re.match(r"0\d", written, re.ASCII) is not None


def signed(written: str) -> int:
    """Minor units of decimal text that may begin with a minus sign: `"-1.5"` is -150. Raises ValueError."""
    return -minor(written[1:]) if written.startswith("-") else minor(written)


def text(amount: int) -> str:
    """Decimal text in major units, with two places, of minor units: 150 is `1.50`, -5 is `-0.05`."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole}.{part:02d}"


def display(amount: int, currency: str) -> str:
    """An amount in minor units as people read it: `£1,300.00`, `-¥5.00`, `CHF 0.50`.

    `currency` is an ISO 4217 code; it stands before amounts whose currency has no symbol here.
    """
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    symbol = SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}" if currency else "")
    return f"{sign}{symbol}{whole:,}.{part:02d}"


def display_of(written: str, currency: str) -> str:
    """Decimal text with at most two places, such as `-1300.00`, as people read it: `-£1,300.00`.

    Raises ValueError.
    """
    return display(signed(written), currency)


def text_without_zero(amount: int) -> str:
    """Major units without a zero before the point, as `refund_amount` is printed (section 3): 0 is `.00`, 50
    `.50`.
    """
    return text(amount).removeprefix("0")


def rate(written: str) -> int:
    """Hundred-millionths of decimal text with at most eight places: `"0.006"` is 600000.

    Raises ValueError.
    """
    match = _RATE.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a decimal number with at most eight places")
    whole, part = match.groups()
    return int(whole) * SCALE + int((part or "").ljust(8, "0"))


def rate_text(scaled: int) -> str:
    """Decimal text of a rate with eight places: `9.07480000`."""
    whole, part = divmod(scaled, SCALE)
    return f"{whole}.{part:08d}"


def rate_text_short(scaled: int) -> str:
    """Decimal text of a rate with six places, rounded half up: `9.074800` (section 14, Number(8,6))."""
    whole, part = divmod((scaled + 50) // 100, 10**6)
    return f"{whole}.{part:06d}"


def rate_number(scaled: int) -> str:
    """A rate as the shortest JSON number: `9.0748`, and `9` instead of `9.0`.

    JSON values are signed as they are printed, and most languages print 9.0 as `9`.
    """
    return rate_text(scaled).rstrip("0").rstrip(".")


def convert(amount: int, scaled: int) -> int:
    """`amount` × rate in minor units, rounded half up; `scaled` is the rate in hundred-millionths."""
    product = (abs(amount) * scaled + SCALE // 2) // SCALE
    return -product if amount < 0 else product

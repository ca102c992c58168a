"""Amounts and rates: whole minor units and scaled integers inside, decimal text on the wire.

An amount is an `int` of minor units (pence, fen). A rate, of exchange or of fees, is an `int` of hundred-millionths, because
the document prints eight places (`9.07480000`). All rounding is half up, away from zero (settlement, section 14).
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
    """Whether zeros that mean nothing stand before decimal text: in `025` and `00.50`, not in `0.50`."""
    return re.match(r"0\d", written, re.ASCII) is not None


def signed(written: str) -> int:
    """The same, where a minus may stand before it: `"-1.5"` is -150. Raises ValueError."""
    return -minor(written[1:]) if written.startswith("-") else minor(written)


def text(amount: int) -> str:
    """Major units with two places: 150 is `1.50`, -5 is `-0.05`."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole}.{part:02d}"


def text_without_zero(amount: int) -> str:
    """Major units without a zero before the point, as the query prints `refund_amount`: 0 is `.00`, 50 is `.50`."""
    return text(amount).removeprefix("0")


def rate(written: str) -> int:
    """Hundred-millionths of decimal text with at most eight places: `"0.006"` is 600000. Raises ValueError."""
    match = _RATE.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a decimal number with at most eight places")
    whole, part = match.groups()
    return int(whole) * SCALE + int((part or "").ljust(8, "0"))


def rate_text(scaled: int) -> str:
    """A rate with its eight places: `9.07480000`."""
    whole, part = divmod(scaled, SCALE)
    return f"{whole}.{part:08d}"


def rate_text_short(scaled: int) -> str:
    """A rate with six places, half up, as the settlement file has it (Number(8,6)): `9.074800`."""
    whole, part = divmod((scaled + 50) // 100, 10**6)
    return f"{whole}.{part:06d}"


def rate_number(scaled: int) -> str:
    """A rate as the shortest JSON number: `9.0748`, and `9` rather than `9.0`, which other languages would print again as `9`."""
    return rate_text(scaled).rstrip("0").rstrip(".")


def convert(amount: int, scaled: int) -> int:
    """Minor units of `amount` × rate, half up."""
    product = (abs(amount) * scaled + SCALE // 2) // SCALE
    return -product if amount < 0 else product

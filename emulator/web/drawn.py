"""Draws codes for scanners as SVG paths: Code 128 (ISO/IEC 15417) for digits, and QR codes.

One unit of a path is one module.
"""
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

# For each value, the widths of its bars and spaces in modules, a bar first.
WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 "
    "122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 "
    "322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 "
    "112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 "
    "331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 "
    "112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 "
    "124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 "
    "411311 113141 114131 311141 411131").split()
START, STOP = "211232", "2331112"  # START selects code set C; STOP is the same in all sets
START_VALUE, MODULUS = 105, 103
TO_SET_B, ZERO_IN_B = 100, 16
QUIET, QUIET_QR = 10, 4  # the quiet zone of each side, in modules


def code128(digits: str) -> tuple[str, int]:
    """The SVG path of a Code 128 bar code, one module high, and its width in modules with the quiet zones.

    `digits` are decimal digits.
    """
    values = _values(digits)
    check = (START_VALUE + sum(place * value for place, value in enumerate(values, 1))) % MODULUS
    written = "".join((START, *(WIDTHS[value] for value in (*values, check)), STOP))
    modules = [place % 2 == 0 for place, width in enumerate(written) for _ in range(int(width))]
    return "".join(_bars(modules, 0)), len(modules) + 2 * QUIET


def _values(digits: str) -> list[int]:
    """The Code 128 values of decimal digits: code set C for each pair, set B for a last single digit."""
    pairs = [int(digits[place:place + 2]) for place in range(0, len(digits) - 1, 2)]
    return [*pairs, TO_SET_B, ZERO_IN_B + int(digits[-1])] if len(digits) % 2 else pairs


@lru_cache(maxsize=64)
def qr(text: str) -> tuple[str, int]:
    """The SVG path of a QR code, and its side in modules with the quiet zones."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_QR)
    code.add_data(text)
    matrix = code.get_matrix()
    return "".join(bar for row, line in enumerate(matrix) for bar in _bars(line, row, 0)), len(matrix)


def _bars(modules: Sequence[bool], row: int, quiet: int = QUIET) -> Iterator[str]:
    """An SVG rectangle for each run of dark modules in a row."""
    at = quiet
    for dark, run in groupby(modules):
        length = len(list(run))
        if dark:
            yield f"M{at} {row}h{length}v1h-{length}z"
        at += length

"""The signature of a request, an answer or a notification (section 1.2).

The parameters without `sign`, `sign_type` and empty values are sorted by name in byte order and joined as
`name=value` with `&`. The merchant's token is appended, and the signature is the MD5 of that in lower-case
hexadecimal. Values are the decoded ones. Bytes that are not UTF-8 are kept as surrogate escapes, so that they
are signed as they came.
"""
import hashlib
import hmac
from collections.abc import Mapping

NEVER_SIGNED = ("sign", "sign_type")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def signed(params: Mapping[str, str]) -> list[tuple[str, str]]:
    """The parameters that are signed, in the order in which they are signed."""
    pairs = [pair for pair in params.items() if pair[1] != "" and pair[0] not in NEVER_SIGNED]
    # The order of code points is that of their UTF-8 bytes, except for surrogate escapes.
    pairs.sort(key=None if "".join(params).isascii() else lambda pair: _bytes(pair[0]))
    return pairs


def canonical(params: Mapping[str, str]) -> str:
    """The text that is signed, before the token is appended."""
    return "&".join(f"{name}={value}" for name, value in signed(params))


def digest(text: str) -> str:
    """The MD5 of a text in UTF-8, in lower-case hexadecimal."""
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


def sign(params: Mapping[str, str], token: str) -> str:
    """The signature of parameters with a merchant's token."""
    return digest(canonical(params) + token)


def matches(given: str, expected: str) -> bool:
    """Whether a signature is the expected one, in upper or lower case. The comparison takes constant time."""
    return hmac.compare_digest(_bytes(given.lower()), _bytes(expected))

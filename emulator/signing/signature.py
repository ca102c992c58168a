"""Signatures: sections 1.2 of the document and of the contract.

All parameters sorted by name (byte order) without `sign`, `sign_type` and empty values, joined as `name=value` with `&`, the
merchant's token appended, MD5, lower-case hexadecimal. Values are the decoded ones. Bytes that are not UTF-8 travel as surrogate
escapes, so that they are signed as they came.
"""
import hashlib
import hmac
from collections.abc import Mapping

NEVER_SIGNED = ("sign", "sign_type")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def signed(params: Mapping[str, str]) -> list[tuple[str, str]]:
    """The parameters that count, in the order in which they count."""
    pairs = [pair for pair in params.items() if pair[1] != "" and pair[0] not in NEVER_SIGNED]
    # Code points are in the order of their UTF-8 bytes; the escapes of bytes that are not UTF-8 are not.
    pairs.sort(key=None if "".join(params).isascii() else lambda pair: _bytes(pair[0]))
    return pairs


def canonical(params: Mapping[str, str]) -> str:
    """The text that is signed, without the token."""
    return "&".join(f"{name}={value}" for name, value in signed(params))


def digest(text: str) -> str:
    """Lower-case hexadecimal MD5 of a text's bytes."""
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


def sign(params: Mapping[str, str], token: str) -> str:
    """The signature of these parameters under a merchant's token."""
    return digest(canonical(params) + token)


def matches(given: str, expected: str) -> bool:
    """Whether a signature is the expected one, in either case, compared in constant time."""
    return hmac.compare_digest(_bytes(given.lower()), _bytes(expected))

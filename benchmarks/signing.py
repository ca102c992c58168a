"""The merchant whose requests are sent, and its signature; imported by the floor and the load, so nothing
heavy is needed for it.
"""
import hashlib
from collections.abc import Mapping

MERCHANTS_ID = "201703200001"
TOKEN = "14b0be26d00fbc6dcf20ed1f0a3516df"  # printed in section 1.2 of the document
NEVER_SIGNED = ("sign", "sign_type")


def sign(params: Mapping[str, str], token: str = TOKEN) -> str:
    """The signature of parameters or of an answer's fields (section 1.2)."""
    text = "&".join([f"{name}={value}" for name,
                     value in sorted(params.items()) if value and name not in NEVER_SIGNED])
    return hashlib.md5((text + token).encode()).hexdigest()


def order_number(place: int) -> str:
    """The number of the n-th order that a filled database has."""
    return f"{MERCHANTS_ID}{place:08d}"

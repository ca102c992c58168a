"""Gateway requests as curl commands, signed again. They contain neither tokens nor secrets."""
import shlex
from collections.abc import Mapping
from urllib.parse import quote_plus, urlencode

from ...base import urls
from ...protocol.masking import HIDDEN
from ...signing import signature
from ..current import base_url


def signed(endpoint: str, method: str, params: Mapping[str, str], token: str | None) -> str:
    """The command that sends a request again, signed with the token, or unsigned without one.

    Hidden values are left out, and a note names them.
    """
    hidden = [name for name, value in params.items() if HIDDEN in (name, value) or urls.is_shown(value)]
    left_out = (*hidden, *signature.NEVER_SIGNED)
    kept = {name: value for name, value in params.items() if name not in left_out}
    if token:
        kept |= {"sign": signature.sign(kept, token), "sign_type": "MD5"}
    note = f"# without {', '.join(hidden)}, which is not kept\n" if hidden else ""
    return f"{note}{command(endpoint, method, kept)}"


def command(endpoint: str, method: str, params: Mapping[str, str]) -> str:
    """The command that sends these parameters unchanged."""
    url = f"{base_url()}/v2/{quote_plus(endpoint)}.php"
    if method == "POST":
        fields = [f"--data {shlex.quote(urlencode({name: value}))}" for name, value in params.items()]
        return " \\\n  ".join((f"curl -sS {shlex.quote(url)}", *fields))
    return f"curl -sS {shlex.quote(urls.with_query(url, params))}"

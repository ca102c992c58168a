"""Who may use the control interface, and what a request may do."""
from werkzeug.wrappers import Request

from ...base.settings import Settings
from ...base.tokens import ControlToken
from .. import gate, roles
from ..emulator import Emulator
from .problems import Problem, of_refusal

PREFIX = "/_emulator"
PUBLIC = "/health"  # the only operation that needs no control token


def allowed(asked: Request, emulator: Emulator) -> Emulator:
    """The emulator as the sender of a request may use it.

    Raises Problem for unknown hosts, pages of other sites, and requests without a control token while there
    are any.
    """
    refused = gate.refusal(asked, emulator.settings, takes_json=True)
    if refused:
        raise of_refusal(refused)
    holder = None if asked.path == f"{PREFIX}{PUBLIC}" else holder_of(asked, emulator.settings)
    return roles.as_for(holder, emulator) if holder else emulator


def holder_of(asked: Request, settings: Settings) -> ControlToken | None:
    """The holder of the control token that a request brings; None while there are none.

    Raises Problem for a request without one.
    """
    if not settings.control_tokens:
        return None
    given = asked.headers.get("Authorization", "")
    holder = roles.find(settings.control_tokens, lambda row: roles.is_same(given, f"Bearer {row.token}"))
    if holder is None:
        refused = Problem(401, "Unauthorized", "send the control token as Authorization: Bearer <token>")
        refused.headers["WWW-Authenticate"] = "Bearer"
        raise refused
    return holder

"""Of the current request for a page: the emulator, its sender, and addresses."""
from flask import current_app, g, request

from ..base.tokens import ControlToken
from . import roles
from .emulator import Emulator

EMULATOR, WHOLE = "emulator", "whole"  # extensions; WHOLE is the application of the whole emulator
_NARROWED, _HOLDER = "emulator_of_a_team", "holder"


def emulator() -> Emulator:
    """The emulator of the current request, as its sender may use it (see `roles`)."""
    found: Emulator = g.get(_NARROWED) or current_app.extensions[EMULATOR]
    return found


def is_locked() -> bool:
    """Whether the console, the demo and the control interface require a control token."""
    return bool(emulator().settings.control_tokens)


def enter(holder: ControlToken) -> None:
    """Let the rest of the current request do what the holder of a token may do, and no more."""
    setattr(g, _HOLDER, holder)
    setattr(g, _NARROWED, roles.as_for(holder, current_app.extensions[EMULATOR]))


def holder() -> ControlToken | None:
    """The holder of the current request's token; None where none is required."""
    found: ControlToken | None = g.get(_HOLDER)
    return found


def may_everything() -> bool:
    """Whether the current request may do what concerns everybody."""
    return emulator().store.owner is None


def base_url() -> str:
    """The URL at which payers and merchants reach the emulator, without a slash at its end."""
    return emulator().address(request)


def under_prefix(path: str) -> str:
    """A path as browsers see it: prefixed with the path of public_url, as `url_for` does."""
    return f"{emulator().prefix}{path}"

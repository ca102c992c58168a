"""What users import in their tests: a server, a client, a merchant, a receiver, and fixtures for pytest.

It needs nothing of the emulator but `base` and `signing`: the server is a process of its own. Importing this
package imports no module of it, so that a plugin that no test uses costs nothing. Each module imports only
from those above it:

    errors     what is raised
    answers    answers of the gateway
    replies    what a receiver answers
    calls      HTTP with the control interface
    client     the control interface, one method for each call
    clock      the clock of everybody, or of one merchant
    rules      rules of a scenario that are used up by one request
    report     what the emulator saw of a merchant, as text
    merchant   a merchant: signs, sends, verifies, and sees what the emulator saw
    received   notifications as they arrived
    receiver   the server behind a merchant's notify_url
    child      the process of a server that ends with those who use it
    launch     the start of such a process
    server     a server of one's own, or a running one
    plugin     options and fixtures for pytest
"""
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answers import Answer
    from .client import Client
    from .clock import Clock
    from .errors import (
        ControlError, EmulatorError, NoAnswer, NotVerified, Refused, ServerError, UnusableAnswer, WaitTimeout,
        WrongSignature)
    from .merchant import Merchant
    from .received import Notification
    from .receiver import Receiver
    from .replies import CLOSED, NOTHING, Reply, slow
    from .server import Server

__all__ = ["Answer", "CLOSED", "Client", "Clock", "ControlError", "EmulatorError", "Merchant", "NOTHING",
           "NoAnswer", "NotVerified", "Notification", "Receiver", "Refused", "Reply", "Server", "ServerError",
           "UnusableAnswer", "WaitTimeout", "WrongSignature", "slow"]
_PLACES = {"Answer": "answers", "Client": "client", "Clock": "clock", "Merchant": "merchant",
           "Notification": "received", "Receiver": "receiver", "Server": "server",
           **dict.fromkeys(("CLOSED", "NOTHING", "Reply", "slow"), "replies")}


def __getattr__(name: str) -> Any:
    """Import the module of a public name when the name is first used. Raises AttributeError."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_PLACES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value

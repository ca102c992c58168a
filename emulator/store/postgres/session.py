"""A session of PostgreSQL."""
from typing import Any

import psycopg

from .values import CONTEXT
from .wire import Wire

PATIENCE_S = 5
# The session ends soon when the other side is gone without a word, and so do its locks.
OPTIONS = {"connect_timeout": 5, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3,
           "application_name": "tgpay-emulator"}
SETTINGS = (f"SET lock_timeout = '{PATIENCE_S}s'; SET tcp_keepalives_idle = 2; "
            "SET tcp_keepalives_interval = 1; "
            "SET tcp_keepalives_count = 3; SET timezone = 'UTC'; SET client_min_messages = warning")


class Session(psycopg.Connection[Any]):
    """A session of psycopg that commits each statement by itself.

    `wire` carries statements out. `used_at` is the instant of its last use on the monotonic clock, in
    seconds; `opened` keeps the tables on it, which are made once.
    """

    wire: Wire
    used_at = 0.0
    opened: Any = None

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "Session":
        """Connect. Raises psycopg.Error."""
        made = super().connect(conninfo, **{"autocommit": True, "context": CONTEXT, "prepare_threshold": None,
                                            **OPTIONS, **options})
        assert isinstance(made, Session)
        made.execute(SETTINGS)
        made.wire = Wire(made)
        return made

"""A session of PostgreSQL."""
from typing import Any

import psycopg

from .values import CONTEXT
from .wire import Wire

PATIENCE_S = 5
# The session ends soon when the other side is gone without a word, and so do its locks.
OPTIONS = {"connect_timeout": 5, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3,
           "tcp_user_timeout": 5_000, "application_name": "tgpay-emulator"}
# A role or a database may have other values for its sessions, which are right for other programs.
SETTINGS = "; ".join(f"SET {name} = {value}" for name, value in {
    "lock_timeout": f"'{PATIENCE_S}s'", "tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3", "tcp_user_timeout": "'5s'", "timezone": "'UTC'",
    "client_min_messages": "warning", "client_encoding": "'UTF8'", "standard_conforming_strings": "on",
    # what was committed before a lock was given is seen, and no transaction fails because of others
    "default_transaction_isolation": "'read committed'", "default_transaction_read_only": "off",
    "idle_session_timeout": "0",  # a session waits for work and for news
}.items())


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
        """Connect. Raises psycopg.Error.

        The option `told` is called with that error before: a pool does not pass it on.
        """
        told = options.pop("told", None)
        try:
            made = super().connect(conninfo, **{"autocommit": True, "context": CONTEXT,
                                                "prepare_threshold": None, **OPTIONS, **options})
        except psycopg.Error as error:
            if told:
                told(error)
            raise
        assert isinstance(made, Session)
        made.execute(SETTINGS)
        made.wire = Wire(made)
        return made

"""Tables `merchants` and `users`."""
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import asdict

from ..domain.merchants import Merchant, User, from_settings
from .columns import Owned, to_json
from .connection import Connection, Row


SETTINGS = "SELECT settings FROM merchants WHERE merchants_id = :id"
LONGEST_REMEMBERED = 8_192  # characters of settings; a thousand merchants then take little memory


def _merchant(merchants_id: str, settings: str) -> Merchant:
    read = _remembered if len(settings) <= LONGEST_REMEMBERED else _read
    return read(merchants_id, settings)


def _read(merchants_id: str, settings: str) -> Merchant:
    return from_settings(merchants_id, json.loads(settings))


_remembered = lru_cache(maxsize=1024)(_read)


class MerchantReader(Owned):
    """Reads merchants, their settings and their users."""

    def __init__(self, connection: Connection, owner: str | None = None) -> None:
        super().__init__(connection, owner)
        self._own = "" if owner is None else " AND owner = :owner"
        self._whose = "" if owner is None else "WHERE owner = :owner"

    def find(self, merchants_id: str) -> Merchant | None:
        """A merchant by its number."""
        row = self._execute(f"{SETTINGS}{self._own}", {"id": merchants_id, **self._owners}).fetchone()
        return _merchant(merchants_id, row["settings"]) if row else None

    def owner_of(self, merchants_id: str) -> str:
        """The name of the team that made a merchant; empty for a merchant of nobody."""
        row = self._execute("SELECT owner FROM merchants WHERE merchants_id = :id",
                            {"id": merchants_id}).fetchone()
        return str(row["owner"]) if row else ""

    def made(self, merchants_id: str) -> dict[str, Any] | None:
        """The original settings and users of a merchant, as it was created."""
        row = self._execute("SELECT made FROM merchants WHERE merchants_id = :id",
                            {"id": merchants_id}).fetchone()
        return json.loads(row["made"]) if row else None

    def page(self, after: str, limit: int) -> Iterator[Merchant]:
        """Merchants in the order of their numbers, after the number `after`."""
        rows = self._execute("SELECT merchants_id, settings FROM merchants "
                             f"WHERE merchants_id > :after{self._own} ORDER BY merchants_id LIMIT :limit",
                             {"after": after, "limit": limit, **self._owners})
        return (_merchant(**row) for row in rows)

    def names(self, limit: int) -> list[Row]:
        """The numbers and names of the first merchants."""
        return self._execute("SELECT merchants_id, json_extract(settings, '$.name') AS name FROM merchants "
                             f"{self._whose} ORDER BY merchants_id LIMIT :limit",
                             {"limit": limit, **self._owners}).fetchall()

    def tokens(self, but: str, limit: int) -> list[str]:
        """The tokens of merchants, at most `limit`, without the token `but`."""
        rows = self._execute("SELECT json_extract(settings, '$.token') AS token FROM merchants "
                             f"{self._whose} LIMIT :limit",
                             {"limit": limit + 1, **self._owners})
        return [row["token"] for row in rows if row["token"] != but][:limit]

    def count(self) -> int:
        """The number of merchants."""
        return int(self._execute(f"SELECT count(*) AS merchants FROM merchants {self._whose}",
                                 self._owners).fetchone()["merchants"])

    def is_used(self, merchants_id: str) -> bool:
        """Whether this number belongs to a merchant, or did since the last reset of everything."""
        found = self._execute("SELECT 1 FROM merchants WHERE merchants_id = :id UNION ALL "
                              "SELECT 1 FROM removed_merchants WHERE merchants_id = :id",
                              {"id": merchants_id})
        return found.fetchone() is not None

    def count_removed(self) -> int:
        """The number of removed merchants."""
        return int(self._execute("SELECT count(*) FROM removed_merchants").fetchone()[0])

    def users(self, merchants_id: str) -> list[User]:
        """The logins of a merchant."""
        rows = self._execute("SELECT login, account_id, password_hash FROM users WHERE merchants_id = :id "
                             "ORDER BY login_key",
                             {"id": merchants_id})
        return [User(**row) for row in rows]

    def login(self, login: str) -> tuple[Merchant, User] | None:
        """The user with this login, in upper or lower case, and the user's merchant."""
        row = self._execute("SELECT merchants_id, login, account_id, password_hash FROM users "
                            "WHERE login_key = :key",
                            {"key": login.lower()}).fetchone()
        merchant = self.find(row["merchants_id"]) if row else None
        return (merchant, User(row["login"], row["account_id"], row["password_hash"])) if merchant else None


class Merchants(MerchantReader):
    """Reads and writes merchants."""

    def add(self, merchants_id: str, settings: Mapping[str, Any], users: Iterable[User],
            terminals: Iterable[Mapping[str, Any]]) -> bool:
        """Add a merchant, which belongs to the owner of these tables; False if its number exists already."""
        made = {"settings": dict(settings), "users": [asdict(user) for user in users],
                "terminals": list(terminals)}
        added = self._execute(
            "INSERT INTO merchants (merchants_id, settings, made, owner) "
            "VALUES (:id, :settings, :made, :owner) ON CONFLICT DO NOTHING",
            {"id": merchants_id, "owner": self.owner or "", "settings": to_json(settings),
             "made": to_json(made)}).rowcount
        return bool(added)

    def change(self, merchants_id: str, settings: Mapping[str, Any]) -> None:
        """Replace the settings of a merchant."""
        self._execute("UPDATE merchants SET settings = :settings WHERE merchants_id = :id",
                      {"id": merchants_id, "settings": to_json(settings)})

    def restore(self, merchants_id: str) -> list[dict[str, Any]]:
        """Restore the original settings and users of a merchant; return its original terminals."""
        made = self.made(merchants_id)
        if made is None:
            return []
        self.change(merchants_id, made["settings"])
        self.replace_users(merchants_id, [User(**user) for user in made["users"]])
        self._execute("UPDATE merchants SET browsers = 0 WHERE merchants_id = :id", {"id": merchants_id})
        terminals: list[dict[str, Any]] = made["terminals"]
        return terminals

    def remove(self, merchants_id: str) -> None:
        """Delete a merchant and its users; its number stays reserved."""
        self._execute("INSERT INTO removed_merchants (merchants_id) VALUES (:id) ON CONFLICT DO NOTHING",
                      {"id": merchants_id})
        self._execute("DELETE FROM listeners WHERE merchants_id = :id", {"id": merchants_id})
        self.make_room(merchants_id)

    def make_room(self, merchants_id: str) -> None:
        """Delete a merchant and its users; another one is about to have its number."""
        for table in ("merchants", "users", "rate_limits"):
            self._execute(f"DELETE FROM {table} WHERE merchants_id = :id", {"id": merchants_id})

    def give_to(self, merchants_id: str, owner: str) -> None:
        """Let a merchant belong to a team, or with an empty name to nobody."""
        self._execute("UPDATE merchants SET owner = :owner WHERE merchants_id = :id",
                      {"id": merchants_id, "owner": owner})

    def new_browser(self, merchants_id: str) -> int:
        """A new number for a browser that visits this merchant's pages for the first time."""
        row = self._execute("UPDATE merchants SET browsers = browsers + 1 WHERE merchants_id = :id "
                            "RETURNING browsers",
                            {"id": merchants_id}).fetchone()
        return int(row["browsers"])

    def replace_users(self, merchants_id: str, users: Iterable[User]) -> str | None:
        """Replace all logins of a merchant.

        Returns a login that belongs to another merchant, or None if there is no such conflict.
        """
        self._execute("DELETE FROM users WHERE merchants_id = :id", {"id": merchants_id})
        for user in users:
            added = self._execute(
                """INSERT INTO users (login_key, merchants_id, login, account_id, password_hash)
                   VALUES (:key, :id, :login, :account_id, :password_hash) ON CONFLICT DO NOTHING""",
                {"key": user.login.lower(), "id": merchants_id, **asdict(user)}).rowcount
            if not added:
                return user.login
        return None

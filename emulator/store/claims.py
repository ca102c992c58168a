"""Which process makes the present attempt of a notification, where several processes make attempts."""
from collections.abc import Collection, Sequence

from msgspec import Struct

from .connection import Connection
from .notifications import StoredNotification

Wanted = Sequence[tuple[StoredNotification, int]]  # each with the emulator's instant of its attempt


class Claimed(Struct, frozen=True):
    """A claimed notification; its attempt is at the emulator's instant `at`, and was claimed `age_s` ago."""

    notification: StoredNotification
    at: int
    age_s: float


class Claims:
    """The claims of a database whose leader makes all attempts: everything is free, and nothing is stored.

    A claim is for one attempt. It ends when the attempt is stored, or when its time is over, because the
    process that had it may be dead. Methods that use a database raise Unusable.
    """

    are_shared = False  # whether processes that do not lead make attempts too

    def take(self, wanted: Wanted, seconds: float, due: int | None, moving: bool = False) -> Wanted:
        """Claim notifications for `seconds`; return those that were free, as they are now.

        With `due` only those that are due at this instant of the shared clock. While that clock is moved or
        the outbox is flushed, only the process that does so gets any: it is `moving`. So is one that moves
        the clock of a merchant; others do not find that merchant's notifications due.
        """
        return wanted

    def numbers(self) -> set[int]:
        """The ids of the claimed notifications."""
        return set()

    def elsewhere(self, own: Collection[int]) -> list[Claimed]:
        """The claimed notifications that are not among `own`."""
        return []

    def release(self, connection: Connection, notification_id: int) -> None:
        """End this process's claim in the transaction on a connection."""

    def give_up(self, notification_id: int) -> None:
        """End this process's claim in a transaction of its own."""

    def give_up_all(self) -> None:
        """End all claims of this process."""

    def call(self) -> None:
        """Tell the processes that do not lead that there is more to send than this one can."""

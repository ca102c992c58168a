"""The process of a server that ends with those who use it.

It is run as `python -m tgpay_emulator.testing.child USERS OWNER FOLDER LOCK ARGUMENTS…`, and is then the
command `tgpay-emulator ARGUMENTS…`. USERS is the descriptor of a pipe whose other end each user holds open:
it is at its end when the last of them has ended, in whatever way, also by SIGKILL. OWNER is the descriptor of
a process with which the server ends whoever uses it, or `-`. FOLDER is the server's own, and is removed at
the end. LOCK is a file that is locked by whoever joins the users or is the last to leave, or `-` where nobody
can join.
"""
import fcntl
import os
import runpy
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEEP = b"k"  # what a user sends who wants the server to go on when all have left
NONE = "-"
ADDRESS, PIPE, PROCESS = "address", "users", "process"
LONGEST_END_S = 20.0  # after SIGTERM


def main() -> None:
    """Be the command, and watch over the users meanwhile."""
    users, folder, process = int(sys.argv[1]), Path(sys.argv[3]), os.getpid()
    owner, lock = (None if sys.argv[place] == NONE else sys.argv[place] for place in (2, 4))
    (folder / PROCESS).write_text(str(process), encoding="utf-8")
    os.register_at_fork(after_in_child=lambda: os.close(users))  # the server's own processes are no readers
    watched = [users] if owner is None else [users, int(owner)]
    threading.Thread(target=_end_with_users, args=(watched, folder, lock), daemon=True, name="users").start()
    sys.argv = ["tgpay-emulator", *sys.argv[5:]]
    try:
        runpy.run_module("tgpay_emulator", run_name="__main__", alter_sys=True)
    finally:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)


def _end_with_users(watched: list[int], folder: Path, lock: str | None) -> None:
    """End the server when its last user has left, or its owner has ended: with SIGTERM, then with SIGKILL.

    `watched` are the descriptors of the users and, if there is one, of the owner.
    """
    # signals are for the main thread, which they wake
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    users = watched[0]
    os.set_blocking(users, False)
    while True:
        ready = select.select(watched, (), ())[0]
        sent = _sent(users) if users in ready else None
        if sent == KEEP:
            return
        if len(ready) > (users in ready) or (sent == b"" and _has_nobody(users, folder, lock)):
            break
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONGEST_END_S)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _sent(users: int) -> bytes | None:
    """What a user has sent; empty when there is none any more, None when they are silent."""
    try:
        return os.read(users, 1)
    except BlockingIOError:
        return None


def _has_nobody(users: int, folder: Path, lock: str | None) -> bool:
    """Whether there is still no user when nobody can join; then nobody will."""
    if lock is None:
        return True
    with locked(Path(lock)):
        if _sent(users) != b"":
            return False
        (folder / PIPE).unlink(missing_ok=True)
        return True


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of a file; it is free again when the process ends."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()

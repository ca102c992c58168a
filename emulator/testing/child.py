"""The process of a server that ends with those who use it.

It is run as `python -m tgpay_emulator.testing.child USERS FOLDER LOCK ARGUMENTS…`, and is then the command
`tgpay-emulator ARGUMENTS…`. USERS is the descriptor of a pipe whose other end each user holds open: it is at
its end when the last of them has ended, in whatever way, also by SIGKILL. FOLDER is the server's own, and is
removed at the end. LOCK is a file that is locked by whoever joins the users or is the last to leave, or `-`
where nobody can join.
"""
import fcntl
import os
import runpy
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEEP = b"k"  # what a user sends who wants the server to go on when all have left
NO_LOCK = "-"
ADDRESS, PIPE, PROCESS = "address", "users", "process"
LONGEST_END_S = 20.0  # after SIGTERM


def main() -> None:
    """Be the command, and watch over the users meanwhile."""
    users, folder, lock = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    process = os.getpid()
    (folder / PROCESS).write_text(str(process), encoding="utf-8")
    os.register_at_fork(after_in_child=lambda: os.close(users))  # the server's own processes are no readers
    threading.Thread(target=_end_with_users, args=(users, folder, lock), daemon=True, name="users").start()
    sys.argv = ["tgpay-emulator", *sys.argv[4:]]
    try:
        runpy.run_module("tgpay_emulator", run_name="__main__", alter_sys=True)
    finally:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)


def _end_with_users(users: int, folder: Path, lock: str) -> None:
    """End the server when its last user has left; in vain with SIGTERM, with SIGKILL."""
    # signals are for the main thread, which they wake
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    os.set_blocking(users, True)
    while True:
        sent = os.read(users, 1)
        if sent == KEEP:
            return
        if not sent and _has_nobody(users, folder, lock):
            break
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONGEST_END_S)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _has_nobody(users: int, folder: Path, lock: str) -> bool:
    """Whether there is still no user when nobody can join; then nobody will."""
    if lock == NO_LOCK:
        return True
    with locked(Path(lock)):
        os.set_blocking(users, False)
        try:
            alone = not os.read(users, 1)
        except BlockingIOError:
            alone = False
        if alone:
            (folder / PIPE).unlink(missing_ok=True)
        os.set_blocking(users, True)
        return alone


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of a file; it is free again when the process ends."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()

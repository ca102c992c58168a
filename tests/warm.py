"""Starts the command from a process that has imported it already: most of the time of a start goes into the
imports.

What is started is a process of its own like any other: it begins with the command's own `main`, has its
arguments, environment, output and session, takes signals and ends with a status. Run as a program, this is
the process that waits for work.
"""
import contextlib
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

LONGEST = 1 << 17  # bytes of a piece of work: arguments and environment


class Started:
    """A command that was started, in the words of `subprocess.Popen`."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.pid = int(self._line(60))
        self.returncode: int | None = None

    def _line(self, seconds: float | None) -> str:
        """What is told next: the number of the process, then its status."""
        if not select.select([self._told], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired("tgpay_emulator", seconds or 0)
        return self._told.recv(64).decode()

    def wait(self, timeout: float | None = None) -> int:
        """The status, negative for a signal, as soon as the process has ended."""
        if self.returncode is None:
            self.returncode = int(self._line(timeout))
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, sent: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sent)


class Starter:
    """A process that has imported the command, begun when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, arguments: list[str], output: int, environment: dict[str, str],
              errors: int | None = None) -> Started:
        """Begin a command whose output goes to these files."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        work = {"arguments": arguments, "environment": environment, "folder": os.getcwd()}
        with theirs, self._lock:
            files = [output, output if errors is None else errors, theirs.fileno()]
            socket.send_fds(self._begun(), [json.dumps(work).encode()], files)
        return Started(ours)

    def _begun(self) -> socket.socket:
        if self._line is None:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())],
                                                 pass_fds=[theirs.fileno()],
                                                 stdin=subprocess.DEVNULL)
        return self._line

    def end(self) -> None:
        """Let the process end; what it has started goes on."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait(30)
            self._line = self._process = None


STARTER = Starter()


def waited_for(line: socket.socket) -> dict[str, object]:
    """Wait for work, and answer it in a process of its own; the process that waits never returns."""
    while True:
        text, files, _, _ = socket.recv_fds(line, LONGEST, 3)
        while has_ended(wait=not text):
            pass
        if not text:
            os._exit(0)
        if os.fork() == 0:
            break
        for file in files:
            os.close(file)
    line.close()
    told = socket.socket(fileno=files[2])
    process = os.fork()
    if process:
        for file in files[:2]:
            os.close(file)
        told.send(str(process).encode())
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        with contextlib.suppress(OSError):  # nobody wants to know
            told.send(str(status).encode())
        os._exit(0)
    told.close()
    os.setsid()
    for place, file in ((1, files[0]), (2, files[1])):
        os.dup2(file, place)
        os.close(file)
    return json.loads(text)


def has_ended(wait: bool) -> bool:
    """Take leave of a process that has ended; without waiting, or for a moment."""
    for _ in range(100 if wait else 1):
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                return True
        except ChildProcessError:
            return False
        if wait:
            time.sleep(0.02)
    return False


def become(work: dict[str, object]) -> None:
    """Be the command, as `python -m tgpay_emulator` is."""
    os.chdir(str(work["folder"]))
    sys.path[0] = os.getcwd()
    os.environ.clear()
    os.environ.update(work["environment"])  # type: ignore[call-overload]
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["tgpay-emulator", *work["arguments"]]  # type: ignore[misc]
    runpy.run_module("tgpay_emulator", run_name="__main__", alter_sys=True)


def load() -> None:
    """Import what a server's start imports."""
    for name in ("cli.announcement", "server.process", "web"):
        importlib.import_module(f"tgpay_emulator.{name}")
    web = sys.modules["tgpay_emulator.web"]
    for module in pkgutil.walk_packages(web.__path__, f"{web.__name__}."):
        importlib.import_module(module.name)


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # as with `python -m`
    load()
    become(waited_for(socket.socket(fileno=int(sys.argv[1]))))

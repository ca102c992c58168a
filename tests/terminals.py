"""Commands on a terminal of their own, as a person sees them."""
import os
import pty
import subprocess


def on_a_terminal(*command: str, **environment: str) -> str:
    """What a command prints on a terminal with colours, with simple line ends; empty variables are unset."""
    unset = ("NO_COLOR", "FORCE_COLOR", "COLORTERM")
    plain = {name: value for name, value in os.environ.items() if name not in unset}
    given = {name: value for name, value in environment.items() if value}
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=subprocess.DEVNULL,
                          env={**plain, "TERM": "xterm-256color", **given}) as running:
        os.close(follower)
        printed = b""
        try:
            while part := os.read(leader, 65_536):
                printed += part
        except OSError:
            pass  # the other end is closed
        running.wait(30)
    os.close(leader)
    return printed.decode().replace("\r\n", "\n")

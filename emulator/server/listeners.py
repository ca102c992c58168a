"""A listening socket that takes no further connections, while those that the system has accepted are served.

Closing a listening socket resets every connection that waits in its queue, although the client may have sent
its request already. So the system first drops what would begin a connection. Clients try again a second
later, and are refused by then, or served by the next server.
"""
import logging
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterable

ATTACH_FILTER = 26  # SO_ATTACH_FILTER of Linux
# A packet filter (BPF) of code, jump if true, jump if false and value: packets with SYN but without ACK in
# the flags of the TCP header are dropped, all others pass.
FLAGS_PLACE, SYN, SYN_OR_ACK = 13, 0x02, 0x12
LOAD_BYTE, AND, JUMP_IF_EQUAL, RETURN = 0x30, 0x54, 0x15, 0x06
DROP, PASS = 0, 0xFFFF_FFFF
NO_SYN = ((LOAD_BYTE, 0, 0, FLAGS_PLACE), (AND, 0, 0, SYN_OR_ACK), (JUMP_IF_EQUAL, 0, 1, SYN),
          (RETURN, 0, 0, DROP), (RETURN, 0, 0, PASS))
HANDSHAKE_S = 0.1  # a connection that was begun before is complete by then
log = logging.getLogger(__name__)


def refuse_new(listener: socket.socket) -> None:
    """Let no further connection begin, in all processes that share the listening socket.

    Systems other than Linux cannot do so: there a connection that comes while the socket is closed may be
    reset.
    """
    if sys.platform != "linux":
        return
    program = array("B", b"".join(struct.pack("HBBI", *instruction) for instruction in NO_SYN))
    address, _ = program.buffer_info()
    try:
        listener.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("HP", len(NO_SYN), address))
    except OSError as error:
        log.debug("the system does not filter connections: %s", error)


def take_leave(listeners: Iterable[socket.socket], accept: Callable[[socket.socket], bool]) -> None:
    """Accept what waits in the queues, then close the listening sockets of this process.

    `accept` takes the next connection and returns whether there was one.
    """
    time.sleep(HANDSHAKE_S)
    for listener in listeners:
        while accept(listener):
            continue
        listener.close()

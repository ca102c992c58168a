"""The command line. Commands that read or change state are clients of the control interface.

Each module imports only from those above it:

    output        where commands print
    remote        calls of the control interface
    forwards      takes notifications from the emulator, and forwards them
    sheets        an answer laid out for a person
    announcement  what serve prints when it is ready
    demo          the document's examples against a real server
    command       the command and its options
    serving       serve
    copying       copy
    transfer      export and import
    orders        orders and their events
    requests      the journal, findings, notifications
    listening     listen
    verification  whether a merchant's traffic was right
    clock         the clock
    terminals     terminals
    scenarios     scenarios
    settlement    settlement files and checks
    tables        response codes and test cards
"""
from .command import main

__all__ = ["main"]

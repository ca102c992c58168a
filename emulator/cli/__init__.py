"""The command line. Commands that read or change state are clients of the control interface.

Each module imports only from those above it:

    output        where commands print
    layout        rows as people and programs read them
    printing      the form of the output: a table, TSV or JSON
    hints         the nearest names of what does not exist
    remote        calls of the control interface
    forwards      takes notifications from the emulator, and forwards them
    sheets        an answer laid out for a person
    announcement  what serve prints when it is ready
    demo          the document's examples against a real server
    command       the command and its options
    serving       serve
    copying       copy
    transfer      export and import
    merchants     merchants, and the reset
    lookup        which order is meant
    orders        orders
    notify        notifications, and resending them
    requests      the journal, findings, signatures
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

"""TGPay Emulator: a sandbox of the payment gateway TGPay Pro V2.

The rooms of the house, each a package. One imports only from those above it, and no module anywhere imports
itself in a circle; a test holds the code to both.

    base        time, money, URLs, settings and other basics that know nothing of payments
    signing     the signature: what is signed, how clients write it, a client that signs, code samples
    protocol    what the document says: endpoint tables, codes, findings, answers and faults; card data
    diagnosis   why a signature is wrong
    terminal    a card terminal as a function of what people did and the time
    scenarios   the language of rules, and which rule fits a request
    domain      merchants, orders and their transitions, notifications, settlement, reconciliation; no I/O
    store       the database: the only SQL
    operations  what can be done to the emulator, and what it does by itself: payments, timers, outbox
    gateway     one request to /v2; an endpoint is `gateway/endpoints/<name>.py`
    web         HTTP: the gateway's addresses, payers' pages, control interface, console, demo: the only Flask
    server      processes, connections, what they share
    cli         the commands
    testing     what users import in their tests: server, client, receiver, fixtures for pytest

Values are structs of msgspec: their classes are made quickly, which counts at the start, and so are their
instances, which counts in every request. Modules that are loaded late have dataclasses too, such as the
tables of keys in `scenarios`, whose fields carry metadata.
"""
__version__ = "0.4.0"

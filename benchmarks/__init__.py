"""How fast, how small and how steady the emulator is, beside a floor: the least that a Flask server could do
for the same answers.

    python -m benchmarks            everything
    python -m benchmarks qr query   some measures

    signing     the merchant whose requests are sent, and its signature
    load        a process that sends requests over concurrent connections and reports speed and latencies
    floor       the bare server
    databases   databases filled with orders or settled rows
    life        databases in which much has happened
    servers     server processes: started, watched, measured, stopped
    table       rows of results, their targets, and how they are printed
    localstripe localstripe, a sandbox of another gateway, to compare with
    speed, waiting, startup, clock, memory, settlement, reset, scenarios, pages   the measures

Two cores shared with other programs are noisy: whatever is compared is run in short rounds that take turns,
and medians are compared.
"""

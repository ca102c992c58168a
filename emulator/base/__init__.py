"""Time, money, URLs, settings and other basics that know nothing of payments.

Each module imports only from those above it:

    clock        the emulator's clock, and instants as text
    durations    lengths of time: 500ms, 5s, 15m
    money        amounts in minor units, rates
    rates        rates of requests: 20/s, 600/min
    tokens       named control tokens with their roles
    portions     a page of items, cut by size
    randomness   everything random, derived from the seed
    toml         writes TOML
    slots        places for requests, and for those that wait
    tallies      numbers that the processes of a server share
    lan          the addresses of this machine on its network
    hosts        host names and addresses
    urls         URLs of merchants
    http_client  the HTTP client of our own calls
    public_url   the rule for public_url
    values       how the values of settings are written
    settings     the table of settings
    traffic      log lines of requests and of attempts to deliver
"""

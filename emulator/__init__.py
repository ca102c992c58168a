"""TGPay Emulator: a sandbox of the payment gateway TGPay Pro V2.

A line of this map imports from the lines above it only; names on one line do not know each other. A test holds the code to it.

    durations  money  chance  findings  codes  response_codes  signature  urls  lan  shop  remedies  slots  connections  portions
    clock  payers  public_url  receivers  patience  card_schemes  decoding
    card_numbers
    settings  merchants  contract  cards  terminal
    scenarios
    orders  envelope  nested  masking  replies
    faults  recipes  arrivals
    moves  notices  settlement  mistakes  differences
    discrepancies  reconciliation  separators
    sending_mistakes
    signature_search
    store  doctor
    outbox  authentication  watching  shared_settings
    sender  payments  seeding  flights  scripting
    acquirer
    pos
    due
    walking
    scheduler  endpoints
    gateway  reference
    web
    worker
    server
    demo  remote
    cli
"""
__version__ = "0.4.0"

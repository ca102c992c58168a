"""What can be done to the emulator, each within a unit of work, and what it does by itself.

None of it knows Flask. Each module imports only from those above it:

    watching               waits for changes of orders while others are served
    patience               how long a move of the clock waits for a receiver
    seeding                the state that a database begins with
    scripting              which rule of a scenario fits a request
    outbox                 what becomes of a notification after an attempt
    sender                 one attempt over HTTP, and where it may go
    dispatcher             the attempts under way
    payments               the payments of one merchant: the one place where money moves
    terminal_transactions  transactions on a card terminal, of card and terminal orders
    wallet_payments        what can be done to a wallet order
    card_payments          what can be done to a card order
    terminal_payments      what can be done to a terminal order
    kinds                  the table of these three
    timers                 what time does to an order
    unit                   the unit of work: transaction, clock, order as of now
    command_plans          plans and results of commands
    clock_walk             time passes, and each thing that falls due is done at its own instant
    scheduler              the one thread that does what falls due and what it is asked
    commands               asks the scheduler: move the clock, flush the outbox, replay a notification
    orders                 events triggered by hand, refunds, cancellations
    payers                 what payers do on their pages
    merchants              made, changed, reset, removed
    terminals              card terminals: made, looked at, acted on
    scenarios              which scenario is active
    settlement             true entries, and the check of a list
    journal                the journal of requests is emptied
"""

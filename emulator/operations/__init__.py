"""What can be done to the emulator, each within a unit of work, and what it does by itself.

No module here uses Flask. Each module imports only from those above it:

    watching               lets requests wait for changes while other requests are served
    waking                 wakes the threads that do what falls due
    patience               how long a move of the clock waits for receivers
    tidying                keeps the database short
    timelines              whose time passes: the shared clock's, or one merchant's
    deliveries             an attempt under way, here or in another process
    seeding                the initial state of a database
    scripting              finds the scenario rule that matches a request
    outbox                 the state of a notification after an attempt
    sender                 one attempt over HTTP, and the addresses that are allowed
    dispatcher             the attempts under way
    follower               makes attempts in a process that does not lead
    limits                 the rate limit of merchants
    payments               the payments of one merchant: the only place where money moves
    terminal_transactions  transactions on a card terminal, of card and terminal orders
    wallet_payments        operations on wallet orders
    card_payments          operations on card orders
    terminal_payments      operations on terminal orders
    kinds                  the table of these three
    timers                 changes of orders by time
    unit                   the unit of work: transaction, clock, order as of now
    inbox                  receives notifications itself, in the inboxes of merchants
    forwarding             attempts that a listener makes
    command_plans          plans and results of commands
    clock_walk             moves the clock and does everything that falls due at its own instant
    merchant_moves         moves the clocks of merchants, each in a thread of its own
    scheduler              the thread that does what falls due and carries out commands
    commands               commands to the scheduler: move the clock, flush the outbox, replay a notification
    orders                 triggered events, refunds and cancellations from control interface and console
    payers                 operations of payers on their pages
    merchants              create, change, reset and remove merchants
    transfer_format        the file of an export, read and written as a stream
    export_secrets         hides tokens, keys and passwords in the rows of an export
    exporting              exports merchants
    importing              imports merchants
    terminals              create, change, show and use card terminals
    scenarios              the active scenario
    settlement             true entries, and the check of a list
    journal                clears the journal of requests
    verification           whether a merchant's traffic was as it is expected
"""

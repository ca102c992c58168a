"""Merchants, orders and their transitions, notifications, settlement and reconciliation.

Pure: no module here does I/O. Each module imports only from those above it:

    errors           the errors that operations raise
    receivers        what is wrong with the answer of a notification receiver
    destinations     the words that a merchant's notify_url may be: inbox, listen
    inboxes          what a merchant's inbox answers
    wallets          seeded buyers, and payment codes that decide what a buyer does
    merchants        merchants, their settings and the checks of these settings
    orders           what all orders have in common: statuses, events, fields
    transitions      how an event or time changes an order
    wallet_orders    orders of Alipay and WeChat Pay
    card_orders      orders of bank cards
    terminal_orders  orders on card terminals
    kinds            the table of these three kinds
    settlement       lines of the settlement file
    discrepancies    what the file shows where a scenario injects a discrepancy
    reconciliation   the comparison of a merchant's own list with the true entries
    verification     what can be expected of a merchant's traffic
    notifications    the fields of each kind of notification, and the events that cause one
"""

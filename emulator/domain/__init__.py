"""Merchants, orders and their transitions, notifications, settlement and reconciliation.

Pure: nothing here reads or writes. Each module imports only from those above it:

    errors           what stands in the way of an operation
    receivers        what is wrong with the answer of a notification receiver
    wallets          seeded buyers, and the payment codes that make a buyer behave
    merchants        merchants, their settings and the checks of them
    orders           what all orders have in common: statuses, events, fields
    transitions      how an order changes by an event or by time
    wallet_orders    orders of Alipay and WeChat Pay
    card_orders      orders of bank cards
    terminal_orders  orders on card terminals
    kinds            the table of these three kinds
    settlement       lines of the settlement file
    discrepancies    what the file shows where a scenario injects a discrepancy
    reconciliation   a merchant's own list compared with the true entries
    notifications    the fields of each kind of notification, and what causes one
"""

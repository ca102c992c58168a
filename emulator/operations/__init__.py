"""What can be done to the emulator, each within a transaction, and what it does by itself: payments, timers,
scheduler, notifications.
"""

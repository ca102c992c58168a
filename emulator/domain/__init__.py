"""Merchants, orders and their transitions, notifications, settlement and reconciliation. Pure: nothing here
reads or writes.
"""

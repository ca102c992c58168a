"""The control interface `/_emulator`: JSON for tests, tools and the console.

Each module declares the operations of one subject, and imports only from those above it:

    answers        the responses to requests that succeed
    problems       RFC 9457 problem documents, also for the errors of operations
    access         who may use the interface
    schemas        JSON schemas of documents
    documents      orders, notifications and journal entries as JSON
    queries        query parameters
    bodies         JSON bodies
    calls          calls of operations
    limits         the rate limit of merchants
    interface      the declaration of operations
    health         health and reset
    metrics        metrics for Prometheus
    notifications  notifications
    clock          the clock
    merchants      merchants
    orders         orders and their events
    inbox          the inboxes of merchants
    listening      listeners to notifications
    journal        the journal
    findings       findings
    scenarios      scenarios
    terminals      terminals
    settlement     settlement entries, and the check of a merchant's list
    transfer       export and import of merchants
    card_tables    response codes and test cards
    verification   verifies a merchant's traffic
    events         the stream of events
    openapi        the OpenAPI document
    tools          signing, waiting, OpenAPI
    application    the interface as a WSGI application
"""
from . import (
    card_tables, clock, events, findings, health, inbox, journal, listening, merchants, metrics,
    notifications, orders, scenarios, settlement, terminals, tools, transfer,
    verification)
from .application import PROBES, Control

__all__ = [
    "PROBES", "Control", "card_tables", "clock", "events", "findings", "health", "inbox", "journal",
    "listening", "merchants", "metrics", "notifications", "orders", "scenarios", "settlement", "terminals",
    "tools", "transfer", "verification"]

"""The emulator as a WSGI application: the only place that knows Flask.

Each module, and each package, imports only from those above it:

    happenings         what happened, as server-sent events
    emulator           the objects that every request uses, and the emulator's address
    roles              control tokens, and the emulator as their holders may use it
    routing            URL converters, URL rules and redirects
    texts              the texts of pages, from languages/*.json
    gate               which hosts and sites may send requests
    streams            long polls and server-sent events
    uploads            files that a request brings
    control            the control interface /_emulator
    bodies             incomplete and malformed request bodies
    current            of the current request for a page: the emulator, its sender, and addresses
    refusals           refuses requests to pages
    drawn              QR codes and bar codes as SVG paths
    receipt            a terminal's receipt
    sessions           browsers in which the control token was typed
    pages              the wallet, QR pictures, the front page
    entrance           access to the console and the demo
    received           reads requests to the gateway
    cashier            the cashier page and the issuer's page
    payment_code       the payment code on a buyer's phone
    terminal           the screen of a card terminal
    sdk                card vouchers for web pages
    console            the console /console
    documentation      the documentation /docs
    demo               the demo shop /demo
    flask_application  all pages, as a Flask application
    site               the pages, which are loaded when one is asked for
    api                the gateway /v2
    prefix             the path of public_url in front of every address
    application        the whole emulator
"""

"""One request to `/v2` from its parameters to its response, the endpoints, and their reference.

To add an endpoint, add a module to `endpoints`. Each module imports only from those above it:

    incoming        a request, and what is known of it so far
    authentication  whose request it is, and whether it is signed
    endpoints       a module for each endpoint: its tables and what it does
    measuring       how many requests there were, and how long they took
    outgoing        the response, and the entry in the journal
    handling        the order of checks
    markdown        tables and marks in Markdown
    fidelity        where each endpoint, row, code and rule comes from
    openapi         the gateway's part of the OpenAPI document
    postman         the OpenAPI document as a Postman collection
    reference       the reference of the endpoints, made from their tables
"""

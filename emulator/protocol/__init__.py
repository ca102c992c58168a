"""What the gateway's document says: endpoint tables, codes, findings, answers and their faults; card data.

Each module imports only from those above it:

    characters           characters that an answer cannot have
    parameters           formats and rows of parameters
    codes                refusals and failures of buyers
    findings             the rules of the document that a client breaks
    response_codes       the response codes of cards (section 7.2)
    outcomes             what an answer says of a payment that failed or is pending
    endpoint_tables      the table of an endpoint
    parameter_checks     the parameters of a request against its table
    nested               rows of JSON inside a parameter
    replies              what an endpoint answers
    envelope             XML answers
    faults               what a scenario breaks of an answer; the discrepancies it injects
    card_schemes         card schemes, their numbers and lengths
    test_cards           the test cards
    decoding             encodings in which a card number may hide
    card_number_context  which digits belong together
    card_numbers         finds card numbers
    masking              hides card data and secrets
"""

"""The gateway's MD5 signature (section 1.2), a merchant client that signs, and code samples for signing.

Each module imports only from those above it:

    signature        the text that is signed, and the signature
    arrivals         parameters as they arrived
    recipes          ways in which clients build the text
    code_samples     lines of code that sign
    merchant_client  a client that signs, sends and reads notifications
"""

"""The gateway's MD5 signature (section 1.2), the merchant's side of it, and code samples for signing.

Each module imports only from those above it:

    signature        the text that is signed, and the signature
    arrivals         parameters as they arrived
    recipes          ways in which clients build the text
    code_samples     lines of code that sign
    merchant_client  signs, fills in forms and receives notifications as a merchant does
"""

"""The gateway's MD5 signature: what is signed, in which ways clients write it, a client that signs, and code
that does it rightly.
"""

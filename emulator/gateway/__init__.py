"""One request to `/v2` from its parameters to its answer: authentication, the endpoints, and the reference
made from their tables.
"""

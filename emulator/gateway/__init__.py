"""The gateway's API: one request to `/v2` from its parameters to its response, the endpoints, and their
reference.
"""

"""The server processes: how they start and end, the connections that they serve, and the settings that they
share.
"""

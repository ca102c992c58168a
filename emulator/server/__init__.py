"""The processes: their start and end, the connections that they serve, and what they share."""

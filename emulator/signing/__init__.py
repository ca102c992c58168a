"""The gateway's MD5 signature (section 1.2), a merchant client that signs, and code samples for signing."""

"""Where a merchant's notifications go besides addresses: to the emulator's inbox, or to whoever listens.

The setting notify_url is then a word. The address of a notification is this word as a scheme, with the
merchant's number as its host, such as `inbox://201703200001`.
"""
INBOX, LISTEN = "inbox", "listen"
WORDS = (INBOX, LISTEN)


def is_word(notify_url: str) -> bool:
    """Whether the setting notify_url of a merchant is a word, and no address."""
    return notify_url in WORDS


def address(notify_url: str, merchants_id: str) -> str:
    """The address of notifications for the setting notify_url of a merchant: itself, if it is no word."""
    return f"{notify_url}://{merchants_id}" if is_word(notify_url) else notify_url


def word(url: str) -> str:
    """The word of a notification's address; empty for an address that is reached over HTTP."""
    scheme = url.partition("://")[0]
    return scheme if is_word(scheme) else ""

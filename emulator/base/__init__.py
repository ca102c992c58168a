"""Time, money, URLs, settings and other basics that know nothing of payments."""

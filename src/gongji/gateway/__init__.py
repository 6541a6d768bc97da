"""The gateway for hospital systems: the national interface over HTTP, and nothing behind it."""

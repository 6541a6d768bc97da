"""The agency's items (事项): each a kind of command that review carries to its end."""

"""How the interface travels: envelopes, signatures, messages, connections."""

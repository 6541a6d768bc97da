"""Steps by which the tables of this room came to be."""

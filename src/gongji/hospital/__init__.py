"""A small hospital system of our own, for tests and demonstrations: it uses only the interface."""

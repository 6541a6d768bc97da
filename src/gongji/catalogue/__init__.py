"""The catalogue of areas by version, and what institutions matched to it."""

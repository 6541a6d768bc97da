"""The catalogue for institutions: downloads, pages, matching."""

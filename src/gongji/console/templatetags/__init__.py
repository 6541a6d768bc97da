"""Words and figures for the console's pages."""

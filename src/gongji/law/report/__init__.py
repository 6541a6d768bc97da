"""What the law says at a date, laid out for people: figures, comparisons, curves, tables."""

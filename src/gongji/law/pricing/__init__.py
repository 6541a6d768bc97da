"""One fee line priced: what the law says of lines, and the decision in plain Python."""

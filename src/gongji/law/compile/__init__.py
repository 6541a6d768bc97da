"""From the law at a date to programs of integers and the citations beside them."""

"""From YAML to the law at a date, to programs for the kernel and the citations beside them."""

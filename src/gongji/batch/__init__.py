"""Files and data frames of visits -> the compiled kernel -> files and data frames of results."""

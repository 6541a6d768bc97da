"""Tables of cells: the one reader and writer of CSV, Excel and Parquet."""

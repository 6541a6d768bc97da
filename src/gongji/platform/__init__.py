"""What every room that knows the database stands on: environment, database, keys, logs."""

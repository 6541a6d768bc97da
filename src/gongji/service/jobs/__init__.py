"""What gongji does by itself at fixed times: jobs, kept in the database, resumed after a fall."""

"""Staff, posts, chains of review and the life of commands; what a command does it does not know."""

"""Made-up counties: people, institutions, catalogue, plans. Nobody and nothing in them exists."""

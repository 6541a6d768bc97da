"""People, institutions and the catalogue as the platform knows them, every fact with two times."""

"""What a rulebook says of accounts, payment of institutions, deadlines and duties."""

SECTIONS: dict[str, type] = {}

"""The law as data and as arithmetic: pure, without database, framework or clock."""

"""How gongji is set up on a machine: its environment, its database, Django's settings."""

"""Django's name for this room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The app `ledger`."""

    name = "gongji.ledger"
    label = "ledger"

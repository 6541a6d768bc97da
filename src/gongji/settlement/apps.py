"""Django's name for this room."""

from django.apps import AppConfig


class SettlementConfig(AppConfig):
    """The app `settlement`."""

    name = "gongji.settlement"
    label = "settlement"

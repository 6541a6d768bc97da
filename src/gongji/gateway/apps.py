"""Django's name for this room."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The app `gateway`."""

    name = "gongji.gateway"
    label = "gateway"

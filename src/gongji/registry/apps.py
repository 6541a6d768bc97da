"""Django's name for this room."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """The app `registry`."""

    name = "gongji.registry"
    label = "registry"

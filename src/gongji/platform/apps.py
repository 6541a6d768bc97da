"""Django's name for this room."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """The app `platform`."""

    name = "gongji.platform"
    label = "platform"

"""Django's name for this room."""

from django.apps import AppConfig


class SupervisionConfig(AppConfig):
    """The app `supervision`."""

    name = "gongji.supervision"
    label = "supervision"

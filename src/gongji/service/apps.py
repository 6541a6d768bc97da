"""Django's name for this room."""

from django.apps import AppConfig


class ServiceConfig(AppConfig):
    """The app `service`: the logins of the processes."""

    name = "gongji.service"
    label = "service"

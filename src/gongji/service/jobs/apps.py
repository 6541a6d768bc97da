"""Django's name for this room."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The app `jobs`."""

    name = "gongji.service.jobs"
    label = "jobs"

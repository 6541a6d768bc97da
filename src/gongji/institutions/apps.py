"""Django's name for this room."""

from django.apps import AppConfig


class InstitutionsConfig(AppConfig):
    """The app `institutions`."""

    name = "gongji.institutions"
    label = "institutions"

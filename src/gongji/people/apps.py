"""Django's name for this room."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The app `people`."""

    name = "gongji.people"
    label = "people"

"""Django's name for this room."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """The app `catalogue`."""

    name = "gongji.catalogue"
    label = "catalogue"

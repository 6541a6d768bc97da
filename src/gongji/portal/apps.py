"""The Django app of the pages."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Pages, their words and pictures; it has no tables of its own."""

    name = "gongji.portal"
    label = "portal"

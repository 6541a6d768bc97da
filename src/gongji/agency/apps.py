"""Django's name for this room."""

from django.apps import AppConfig


class AgencyConfig(AppConfig):
    """The app `agency`; its kinds of commands are known once it is ready."""

    name = "gongji.agency"
    label = "agency"

    def ready(self) -> None:
        """Make the kinds of commands known."""
        from gongji.agency import items

        assert items.ALL

"""Django's name for this room."""

import logging

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The app `console`; whoever signs in has one session."""

    name = "gongji.console"
    label = "console"

    def ready(self) -> None:
        """Listen for who signs in."""
        from gongji.console import staff_sessions

        staff_sessions.listen()
        # Axes tells the address of every sign-in, and a first link is one.
        logging.getLogger("axes").setLevel(logging.WARNING)

"""Sessions of the console: in a table of their own, one for each member of staff."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.http import HttpRequest


class StaffSession(AbstractBaseSession):  # type: ignore[misc]
    """A row of console_session."""

    account = models.IntegerField(null=True)

    class Meta:
        """The table is made by tables.sql."""

        app_label = "console"
        db_table = "console_session"
        managed = False

    @classmethod
    def get_session_store_class(cls) -> type:
        """The store whose rows these are."""
        return SessionStore


class SessionStore(DatabaseStore):  # type: ignore[misc]
    """Django's store, on the console's table."""

    @classmethod
    def get_model_class(cls) -> type:
        """The rows of this store."""
        return StaffSession

    def create_model_instance(self, session: dict[str, Any]) -> StaffSession:
        """A row that knows whose session it is."""
        made: StaffSession = super().create_model_instance(session)
        account = session.get("_auth_user_id")
        made.account = int(account) if account else None
        return made


def _end_others(sender: Any, request: HttpRequest, user: Any, **other: Any) -> None:
    """Whoever signs in anew ends where they were signed in before."""
    if isinstance(request.session, SessionStore):
        others = StaffSession.objects.filter(account=user.pk)
        others.exclude(session_key=request.session.session_key).delete()


def listen() -> None:
    """End a person's other sessions whenever they sign in."""
    user_logged_in.connect(_end_others, dispatch_uid="gongji.console.one_session")

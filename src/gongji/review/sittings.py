"""Somebody at the desk who looks and acts at once: for the command line and for demonstrations.

The console shows a preview and waits for a person; here what the preview shows is what is acted on.
Nothing is skipped: each act is the desk's own, with its message id and its walls.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gongji.platform.actors import Actor
from gongji.platform.command_rows import find_command
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.desk import Acting, Became, Desk, Drafting
from gongji.review.evidence import PaperFile


def _random_id() -> str:
    return secrets.token_hex(12)


@dataclass(frozen=True)
class Sitting:
    """An actor at a desk; `message` gives the id of the next act."""

    desk: Desk
    actor: Actor
    message: Callable[[], str] = _random_id

    def draft(
        self, kind: str, place: tuple[str, str], content: dict[str, Any], subject: int
    ) -> int:
        """A draft at a place (area, agency) about a person (0: about nobody); gives its number."""
        about = ("person", str(subject)) if subject else ("", "")
        asked = Drafting(self.message(), kind, *place, *about, content)
        return life.draft(self.desk, self.actor, asked).command

    def hand_in(
        self,
        kind: str,
        place: tuple[str, str],
        content: dict[str, Any],
        subject: int = 0,
        papers: Iterable[PaperFile] = (),
    ) -> Became:
        """A command drafted, with its papers, and submitted as it is seen now.

        Refuses: as `draft`, `add_paper`, `submit` of the desk.
        """
        number = self.draft(kind, place, content, subject)
        for paper in papers:
            life.add_paper(self.desk, self.actor, number, paper)
        return self.submit(number)

    def submit(self, number: int) -> Became:
        """A command submitted as it is seen now."""
        return life.submit(self.desk, self.actor, self.acting(number))

    def approve(self, number: int) -> Became:
        """The step whose turn it is, on what is seen now."""
        return life.approve(self.desk, self.actor, self.acting(number))

    def give_back(self, number: int, reason: str) -> Became:
        """A command returned."""
        return life.give_back(self.desk, self.actor, self.acting(number, reason, look=False))

    def withdraw(self, number: int, reason: str) -> Became:
        """A command withdrawn."""
        return life.withdraw(self.desk, self.actor, self.acting(number, reason, look=False))

    def acting(self, number: int, reason: str = "", look: bool = True) -> Acting:
        """An act on a command as it is now.

        Refuses: command_unknown, and what the preview refuses where it is looked at.
        """
        row = find_command(self.desk.connection, number)
        if row is None:
            raise Refusal("command_unknown", "command", {"value": str(number)})
        seen = life.preview(self.desk, number).seen if look else ""
        return Acting(self.message(), number, row.version, seen, reason)

"""Values that a shell can complete: pooling areas, benefits, statuses, levels.

They are texts all the same: what they may be is the rulebooks' business, which refuse the others.
"""

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


class KnownText(click.types.StringParamType):
    """A text of which some values are known, each with what it is called."""

    def known(self) -> Iterable[tuple[str, str]]:
        """The values and their names."""
        raise NotImplementedError

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The known values that begin so."""
        found = [(value, name) for value, name in self.known() if value.startswith(incomplete)]
        return [CompletionItem(value, help=name) for value, name in found]


class AreaText(KnownText):
    """A pooling area by its code."""

    def known(self) -> Iterable[tuple[str, str]]:
        """The areas with rulebooks of the program."""
        from gongji.law.checks.library import Library
        from gongji.law.engine.areas import Areas

        areas = Areas(Library(()))
        return [(code, areas.area(code).laws[-1].place) for code in areas.library.areas()]


class BenefitText(KnownText):
    """A benefit by its code."""

    def known(self) -> Iterable[tuple[str, str]]:
        """The benefits of the vocabulary."""
        from gongji.law.rulebook.vocabulary import BENEFITS

        return [(code, name) for name, code in BENEFITS.items()]


class Words(KnownText):
    """One of a few words."""

    def __init__(self, **words: str) -> None:
        self.words = words

    def known(self) -> Iterable[tuple[str, str]]:
        """The words."""
        return self.words.items()


AREA = AreaText()
BENEFIT = BenefitText()
STATUS = Words(active="在职", retired="退休")
LEVEL = Words(**{"1": "一级及以下", "2": "二级", "3": "三级"})

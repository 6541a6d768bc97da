"""A tidy test looks at hundreds of files and names; it is one test that tells of all that fail."""

from collections.abc import Callable, Iterable
from typing import Any


def of_each(
    name: str, values: Iterable[Any], ids: Callable[[Any], str] = str
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of one value a test of all: it fails with the values for which it does."""

    def decorate(test: Callable[..., None]) -> Callable[[], None]:
        def of_all() -> None:
            told = []
            for value in values:
                try:
                    test(**{name: value})
                except AssertionError as error:
                    told.append(f"{ids(value)}: {error}")
            assert not told, "\n".join(told)

        of_all.__name__, of_all.__doc__ = test.__name__, test.__doc__
        return of_all

    return decorate

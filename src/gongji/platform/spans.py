"""Spans of days as people name them: a first day, and a last day that may be open."""

from datetime import date, timedelta

from gongji.refusals import Refusal


def check_order(since: date, last: date | None) -> None:
    """The last day is not before the first.

    Refuses: dates_reversed.
    """
    if last is not None and last < since:
        values = {"value": last.isoformat(), "since": since.isoformat()}
        raise Refusal("dates_reversed", "last", values)


def day_after(last: date | None) -> date | None:
    """The first day after a span (`until`), None while it is open."""
    return last + timedelta(days=1) if last else None

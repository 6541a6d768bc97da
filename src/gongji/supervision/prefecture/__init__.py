"""A made-up prefecture in own tables, with planted frauds of known truth amid honest look-alikes.

Nothing of it is of a real person, institution or price; shares and averages are near published
ones where there are any, and otherwise assumed. No rule of supervision is known here.
"""

from gongji.supervision.prefecture.making import Wishes, make_prefecture

__all__ = ["Wishes", "make_prefecture"]

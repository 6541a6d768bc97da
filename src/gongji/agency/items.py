"""Every item that is built: importing this makes their kinds of commands known."""

from gongji.agency import family_bond
from gongji.review import posts

ALL = (posts, family_bond)

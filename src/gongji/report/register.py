"""What became of every article of a document: rule, workflow, or nothing to compute.

The register is the section 条文 of each rulebook; this module reads it and checks that the keys
it names are provisions of the same file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from gongji.errors import Problem
from gongji.rulebook.documents import DISPOSITIONS, Article
from gongji.rulebook.law import Head, Library, Rulebook

RULE, WORKFLOW, NOTHING = DISPOSITIONS.values()
NAMES = {code: name for name, code in DISPOSITIONS.items()}
_HEAD = {f"文件.{item.metadata['key']}" for item in fields(Head) if "key" in item.metadata}
"""What a document says of itself (its area, its dates) can be an article's consequence too."""

ROOMS = {
    "ledger": "账本",
    "people": "参保登记",
    "institutions": "机构管理",
    "catalogue": "目录",
    "settlement": "结算",
    "review": "审核",
    "clearing": "清算",
    "supervision": "监管",
    "simulation": "试算",
    "gateway": "接口",
    "portal": "参保人服务",
    "console": "经办后台",
}
"""The parts of gongji that carry out what is not arithmetic."""


@dataclass(frozen=True)
class Entry:
    """One article and what became of it."""

    book: Rulebook
    name: str
    article: Article

    @property
    def rooms(self) -> tuple[str, ...]:
        """The parts of gongji that its workflow belongs to."""
        return tuple(room for room in self.article.part.split("、") if room)

    @property
    def workflow(self) -> str:
        """Those parts by name, and whether they are built."""
        if not self.rooms:
            return ""
        names = "、".join(f"{ROOMS.get(room, room)} {room}" for room in self.rooms)
        return f"{names}（{'已建' if self.article.built else '未建'}）"


def entries(library: Library, area: str = "") -> list[Entry]:
    """The register of an area's documents (those of its province included), or of all."""
    books = library.books(area) if area else [library.book(path) for path in library.files()]
    return [Entry(book, name, article) for book in books for name, article in book.articles.items()]


def provisions(book: Rulebook) -> Iterator[str]:
    """Every provision of a document by its path."""
    for section, named in book.sections.items():
        yield from (f"{section}.{name}" for name in named)


def problems(book: Rulebook) -> list[Problem]:
    """What is wrong with a register: keys and parts that do not exist, a rule without its key."""
    known = set(provisions(book)) | _HEAD
    found = []
    for name, article in book.articles.items():
        messages = [f"没有这项规定“{key}”" for key in article.keys if key not in known]
        messages += [
            f"不认识的模块“{room}”；可取：{'、'.join(ROOMS)}"
            for room in Entry(book, name, article).rooms
            if room not in ROOMS
        ]
        if article.disposition == RULE and not article.keys:
            messages.append("处置为规则的条文须写明所在的键")
        if article.disposition == WORKFLOW and not article.part:
            messages.append("处置为流程的条文须写明承担它的模块")
        if article.disposition == NOTHING and (article.keys or article.part):
            messages.append("不涉及计算的条文不应有键或模块")
        node = article.node
        found += [Problem(node.file, node.line, f"条文.{name}", text) for text in messages]
    return found

"""What became of every article of a document: rule, workflow, or nothing to compute.

The register is the section 条文 of each rulebook; this module reads it and checks that the keys
it names are provisions of the same file.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from gongji.law.checks.library import Library
from gongji.law.rulebook.provision_kinds import DISPOSITIONS, Article
from gongji.law.rulebook.rulebook import Head, Rulebook
from gongji.law.rulebook.source import Node
from gongji.refusals import Problem

RULE, WORKFLOW, NOTHING = DISPOSITIONS.values()
NAMES = {code: name for name, code in DISPOSITIONS.items()}

_DIGITS = "零一二三四五六七八九"


def _numeral(number: int) -> str:
    """A number under one thousand as the law writes it."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


NUMERALS = {f"第{_numeral(number)}条": number for number in range(1, 1000)}
"""Articles by number: 第一条 is the first."""

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
    "agency": "经办事项",
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
        """Those parts by name, and for each whether what the article asks of it is built."""
        built = self.article.built
        return "、".join(
            f"{ROOMS.get(room, room)} {room}（{'已建' if room in built else '未建'}）"
            for room in self.rooms
        )


def entries(library: Library, area: str = "") -> list[Entry]:
    """The register of an area's documents (those of its province included), or of all."""
    books = library.books(area) if area else [library.book(path) for path in library.files()]
    return [Entry(book, name, article) for book in books for name, article in book.articles.items()]


def provisions(book: Rulebook) -> Iterator[str]:
    """Every provision of a document by its path."""
    for section, named in book.sections.items():
        yield from (f"{section}.{name}" for name in named)


def problems(book: Rulebook) -> list[Problem]:
    """What is wrong with a register: keys and parts that do not exist, a rule without its key,
    articles that are passed over, provisions that no article answers for.
    """
    # A provision that could not be read is there: its own mistake is told where it stands.
    known = set(provisions(book)) | _HEAD | book.broken
    found = []
    for name, article in book.articles.items():
        messages = [f"没有这项规定“{key}”" for key in article.keys if key not in known]
        messages += [
            f"不认识的模块“{room}”；可取：{'、'.join(ROOMS)}"
            for room in Entry(book, name, article).rooms
            if room not in ROOMS
        ]
        messages += [
            f"已建的模块“{room}”不在模块之中"
            for room in article.built
            if room not in Entry(book, name, article).rooms
        ]
        if article.disposition == RULE and not article.keys:
            messages.append("处置为规则的条文须写明所在的键")
        if article.disposition == WORKFLOW and not article.part:
            messages.append("处置为流程的条文须写明承担它的模块")
        if article.disposition == NOTHING and (article.keys or article.part):
            messages.append("不涉及计算的条文不应有键或模块")
        node = article.node
        found += [Problem(node.file, node.line, f"条文.{name}", text) for text in messages]
    return found + _missing(book)


def _missing(book: Rulebook) -> list[Problem]:
    """Articles that the numbers of a register pass over, and provisions that none answers for."""
    if not book.articles:
        return []
    first = next(iter(book.articles.values())).node
    numbers = () if book.head.excerpt else book.articles
    highest = max((NUMERALS.get(name, 0) for name in numbers), default=0)
    found = [
        Problem(first.file, first.line, "条文", f"缺少{name}")
        for name, number in NUMERALS.items()
        if number < highest and name not in book.articles
    ]
    named = {key for article in book.articles.values() for key in article.keys}
    for section, provisions_ in book.sections.items():
        for name, provision in provisions_.items():
            if f"{section}.{name}" not in named:
                node: Node = provision.node  # type: ignore[attr-defined]
                text = "没有一条条文写明这项规定；请写在某一条的键里"
                found.append(Problem(node.file, node.line, f"{section}.{name}", text))
    return found

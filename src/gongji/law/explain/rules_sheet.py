"""What results rest on, as a sheet beside them: documents with origin and hash, figures, doubts."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from gongji.law.rulebook.law import Law
from gongji.tabular.handed_on import RULES, BookColumn, BookTable
from gongji.units import date_of

HEADINGS = (
    "类别",
    "统筹区",
    "文号",
    "内容",
    "采用",
    "另解",
    "理由",
    "依据",
    "施行",
    "来源",
    "出处",
    "SHA-256",
)
Cells = tuple[object, ...]


def rules_sheet(laws: Iterable[Law]) -> list[BookTable]:
    """The sheet of the laws that results were computed by; none without a law."""
    known = list({(law.area, law.since, law.hash): law for law in laws}.values())
    columns = [BookColumn(name, "day" if name == "施行" else "text") for name in HEADINGS]
    rows = [row for law in known for row in _law(law)]
    rows += dict.fromkeys(row for law in known for row in _books(law))
    rows += dict.fromkeys(row for law in known for row in _given(law))
    rows += dict.fromkeys(row for law in known for row in _doubts(law))
    return [BookTable(RULES, tuple(columns), rows)] if rows else []


def laws_labelled(laws: Iterable[Law], labels: Iterable[str | None]) -> list[Law]:
    """The laws whose documents results name: 430500@2022-11-25+430500@2023-06-01."""
    wanted = set(labels)
    return [law for law in laws if label_of(law) in wanted]


def label_of(law: Law) -> str:
    """How results name a law: its documents, each with its hash where it is a user's own."""
    return "+".join(book.label for book in law.books)


def _law(law: Law) -> Iterator[Cells]:
    said = f"{law.place}自 {date_of(law.since)} 起有效的规则"
    rest: Sequence[object] = ("", "", "", "", date_of(law.since), "", "", law.hash)
    yield ("规则", law.area, "", said, *rest)


def _books(law: Law) -> Iterator[Cells]:
    for book in law.books:
        head = book.head
        digest = hashlib.sha256(book.content).hexdigest()
        said = (date_of(head.since), book.source, head.origin, digest)
        yield ("文件", head.area, head.number, head.title, book.label, "", "", "", *said)


def _given(law: Law) -> Iterator[Cells]:
    for name, figure in law.settings.items():
        yield ("给出的数字", law.area, "", name, figure, *[""] * 4, "使用者给出", "", "")


def _doubts(law: Law) -> Iterator[Cells]:
    for book in law.books:
        for doubt in book.doubts.values():
            said = (doubt.question, doubt.reading, doubt.other, doubt.reason, doubt.article)
            yield ("存疑", book.head.area, book.head.number, *said, "", "", "", "")

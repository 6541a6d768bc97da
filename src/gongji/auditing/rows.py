"""A file of visits with what was paid: read, put in order, audited person by person."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl

from gongji.auditing.history import LAW, POOL, Finding, History
from gongji.auditing.variants import variants_of
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.opening_meters import Used, read_opening
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import Visit, columns_of, read_amount, read_date, read_visit
from gongji.law.rulebook.law import Law, Settings
from gongji.law.rulebook.vocabulary import VISIT_COLUMNS
from gongji.refusals import Refusal, RowRefusal
from gongji.tabular.header_rows import TableFile, TablePlace, missing_column, unknown_columns
from gongji.tabular.texts import FAULT, ROW, fault_of, faults_of, read_texts
from gongji.units import Fen, parse_day

PAID = re.compile(r"paid_([a-z][a-z0-9_]*?)(_fen)?")
TOTALS = (POOL, "supplements", "person", "deductible")


@dataclass(frozen=True)
class BadRow:
    """A row that could not be audited, and why."""

    row_number: int
    person: str
    column: str
    code: str
    reason: str


class PaidFile:
    """A visits file with columns of what was paid, its columns checked, its rows in order."""

    def __init__(
        self,
        source: Path | pl.DataFrame,
        *,
        area: str = "",
        folders: Areas | tuple[Path, ...] = (),
        settings: Settings | None = None,
        opening: Path | TableFile | pl.DataFrame | None = None,
        place: TablePlace | None = None,
    ) -> None:
        """Read the file.

        Shape:   `folders` of rulebooks, or areas whose settings were checked already.
        Refuses: a file that cannot be read; field_missing, field_unknown for its columns; a
                 setting that no area of the file knows.
        """
        frame = read_texts(source, place)
        if "area" not in frame.columns:
            frame = frame.with_columns(area=pl.lit(None, dtype=pl.String))
        self.frame = frame.with_columns(pl.col("area").fill_null(pl.lit(area or None)))
        if isinstance(folders, Areas):
            self.areas = folders
        else:
            self.areas = Areas(Library(folders), everywhere=settings)
            if self._known:
                self.areas.check_given(area.code for area in self._known)
        self.names = self._paid_names()
        self._check_columns()
        self.opening = self._read_opening(opening)

    def _read_opening(self, source: Path | TableFile | pl.DataFrame | None) -> dict[str, Used]:
        """Opening meters by pooling area: person -> meter -> fen.

        Refuses: what `visit.opening` refuses.
        """
        if source is None:
            return {}
        if isinstance(source, TableFile):
            frame = read_texts(source.path, source.place)
        else:
            frame = read_texts(source)
        for row, why in faults_of(frame):
            raise RowRefusal(row, why.field, why.code, str(why))
        texts = frame.drop(ROW).fill_null("")
        homes = [area.code for area in self._known]
        return read_opening(texts.columns, texts.iter_rows()).by_home(homes, self.areas.library)

    @cached_property
    def _known(self) -> list[Area]:
        """The areas of the file that have rules; the rows of the others are reported."""
        found = []
        for code in self.frame["area"].drop_nulls().unique().sort():
            try:
                area = self.areas.home(code)
            except Refusal:
                continue
            if area not in found:
                found.append(area)
        return found

    def laws(self) -> list[Law]:
        """The laws that some date of the file falls under."""
        days = set()
        given = self.frame["date"] if "date" in self.frame.columns else pl.Series(dtype=pl.String)
        for text in given.drop_nulls().unique():
            with suppress(ValueError):
                days.add(parse_day(text))
        known = [law for area in self._known for law in area.laws]
        return [law for law in known if any(law.since <= day < law.until for day in days)]

    def _facts(self) -> set[str]:
        laws = [law for area in self._known for law in area.laws]
        parts = {f"in_scope_{part.code}" for law in laws for part in law.parts.values()}
        return parts.union(VISIT_COLUMNS, *(columns_of(law) for law in laws))

    def _paid_names(self) -> dict[str, str]:
        """The names of what was paid and the columns they stand in: pool -> paid_pool_fen."""
        layers = {c.code for area in self._known for c in area.layout.columns}
        facts, names = self._facts(), {}
        for column in self.frame.columns:
            found = PAID.fullmatch(column)
            if found and column not in facts and found[1] in {*TOTALS, *layers}:
                names[found[1]] = column
        if POOL not in names:
            raise missing_column("paid_pool", self._given())
        return {POOL: names.pop(POOL)} | names

    def _given(self) -> list[str]:
        """The columns that the file itself has, or `--area` gives."""
        return [name for name in self.frame.columns if name not in (ROW, FAULT)]

    def _check_columns(self) -> None:
        known = self._facts() | {*self.names.values(), ROW, FAULT}
        if unknown := [name for name in self.frame.columns if name not in known]:
            raise unknown_columns(unknown, (*VISIT_COLUMNS, *sorted(known - {ROW, FAULT})))
        if "person" not in self.frame.columns:
            raise missing_column("person", self._given())

    def rows(self) -> Iterator[dict[str, str | int | None]]:
        """The rows by person, date, sequence, order of the file."""
        keys: list[str | pl.Expr] = ["person", *(["date"] if "date" in self.frame.columns else [])]
        if "sequence" in self.frame.columns:
            keys.append(pl.col("sequence").cast(pl.Int64, strict=False))
        ordered = self.frame.sort(*keys, ROW, nulls_last=True)
        return ordered.iter_rows(named=True)

    def paid(self, texts: Mapping[str, str]) -> dict[str, Fen]:
        """What was paid according to a row; a cell that is empty is not judged, but the pool's is.

        Refuses: field_missing, amount_*.
        """
        found = {}
        for name, column in self.names.items():
            if column in texts:
                unit = "fen" if column.endswith("_fen") else "yuan"
                found[name] = read_amount(column, texts[column], unit)
            elif name == POOL:
                raise Refusal("field_missing", column)
        return found

    def visit(self, texts: Mapping[str, str]) -> tuple[Area, Visit]:
        """The area and visit of a row.

        Refuses: what `read_visit` refuses; date_outside; area_unknown.
        """
        for column in ("area", "person", "date"):
            if column not in texts:
                raise Refusal("field_missing", column)
        area = self.areas.home(texts["area"])
        law = area.law(read_date("date", texts["date"]))
        given = {c: text for c, text in texts.items() if c not in self.names.values()}
        return area, read_visit(given, law)


def audit(
    file: PaidFile,
    mode: str = LAW,
    progress: Callable[[int], object] = lambda rows: None,
    suspects: Container[str | None] | None = None,
) -> Iterator[Finding | BadRow]:
    """Every difference of a file, and every row that could not be audited, person by person.

    Shape:   `mode` says by which meters a visit is judged: LAW or PAID; `progress` is told how many
             rows were done; `suspects`, where given, are the only persons who need to be audited:
             someone paid by the law throughout has no difference by either mode.
    """
    for person, rows in groupby(file.rows(), itemgetter("person")):
        histories: dict[str, History] = {}
        done = 0
        if suspects is not None and person not in suspects:
            progress(sum(1 for _ in rows))
            continue
        for row in rows:
            done += 1
            number = row[ROW]
            assert isinstance(number, int)
            texts = {c: t for c, t in row.items() if isinstance(t, str)}
            try:
                finding = _audit_row(file, mode, histories, number, texts)
            except Refusal as error:
                yield BadRow(number, str(person or ""), error.field, error.code, str(error))
                continue
            if finding is not None:
                yield finding
        progress(done)


def _audit_row(
    file: PaidFile, mode: str, histories: dict[str, History], number: int, texts: dict[str, str]
) -> Finding | None:
    fault = fault_of(texts.pop(FAULT, None))
    if fault is not None:
        raise fault
    paid = file.paid(texts)
    area, visit = file.visit(texts)
    if area.code not in histories:
        history = History(area, variants_of(area), mode)
        history.open(lambda meters: _open(file, area, visit, meters))
        histories[area.code] = history
    return histories[area.code].audit(number, visit, paid)


def _open(file: PaidFile, area: Area, visit: Visit, meters: Meters) -> None:
    """Put a person's opening amounts where the first visit finds them."""
    law = area.law(visit.day)
    used = file.opening.get(area.code, {}).get(visit.person, {})
    for meter, fen in used.items():
        use(meters, law, visit, meter, fen, area.own_level(law))

"""Settle a whole file of visits: survey, order, settle two chunks at a time, write whole."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch import ordering, visit_files
from gongji.batch.core import Settler
from gongji.batch.notes import counted
from gongji.batch.ordering import CHUNK_ROWS, Chunks
from gongji.batch.visit_files import Rejected, VisitSource
from gongji.batch.work_steps import Unwatched
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.opening_meters import Opening, read_opening
from gongji.law.explain.rules_sheet import laws_labelled, rules_sheet
from gongji.law.rulebook.law import Settings
from gongji.law.rulebook.vocabulary import VISIT_COLUMNS
from gongji.refusals import Refusal, RowRefusal
from gongji.tabular.arrow_tables import FAULT, ROW, normal, without_blank_rows
from gongji.tabular.formulas import no_formula
from gongji.tabular.handed_on import BookTable
from gongji.tabular.header_rows import (
    TableFile,
    TablePlace,
    check_header,
    missing_column,
    no_rows,
    table_file,
    unknown_columns,
)
from gongji.tabular.sheets import Sheet, check_rows, ending_of, kept_open
from gongji.tabular.whole_files import own_beside, under_way
from gongji.units import Day

REPORT = ("row_number", "column", "refusal", "reason")


@dataclass
class Summary:
    """What became of a file: visits settled, refused, without a figure, with a note, left out."""

    visits: int = 0
    rejected: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    pool_pays: str = "0.00"
    report: str = ""
    unread: tuple[str, ...] = ()
    """Columns of facts that no rule of any area in the file asks for."""
    rulebooks: tuple[str, ...] = ()
    """The documents in force for some row, as the results name them."""


class FileSteps(Unwatched):
    """Who is told of the parts of settling a file, and of its rows; here nobody."""

    def told(self, chunks: Chunks, passes: int = 0, then: tuple[str, int] = ("", 0)) -> Chunks:
        """The same tables, whose rows are told as they are read.

        Shape:   when they have been read so many times, `then` begins.
        """
        done = 0

        def telling(names: list[str] | None) -> Iterator[pa.Table]:
            nonlocal done
            for table in chunks(names):
                self.update(table.num_rows)
                yield table
            done += 1
            if done == passes:
                self.begin(*then)

        return telling


@dataclass(frozen=True)
class Options:
    """How a file is to be settled; see `gongji adjudicate --help`.

    `numbered` says that the file has the numbers of its rows itself, in `row_number`; `named` are
    areas that it had rows of before those without a cost dropped out: a figure may be for them.
    """

    area: str = ""
    settings: Settings = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    opening: Path | TableFile | None = None
    ignored: tuple[str, ...] = ()
    strict: bool = False
    report: Path | None = None
    compression: str = "none"
    numbered: bool = False
    named: tuple[str, ...] = ()
    place: TablePlace = TablePlace()
    latest_day: Day | None = None
    steps: FileSteps = FileSteps()


def adjudicate_file(
    path: Path,
    output: Path,
    options: Options,
    progress: Callable[[int, int], None],
    areas: Areas | None = None,
) -> Summary:
    """Settle the visits of a file into another; `areas` are those of the options, made before.

    Refuses: field_missing and field_unknown for the file's columns; with `strict` the first row
             that cannot be read; whatever a rulebook or an opening file is refused for.
    Ensures: the result is complete or not there; rows that cannot be read are in the report.
    """
    ending_of(output, "-o")
    report = options.report or output.with_name(f"{output.stem}.rejected.csv")
    _apart(path, output, report, *([table_file(options.opening).path] if options.opening else []))
    with kept_open(path):
        return _settle(
            VisitSource(path, options.place, options.numbered),
            output,
            report,
            options,
            progress,
            areas,
        )


def _settle(
    source: VisitSource,
    output: Path,
    report: Path,
    options: Options,
    progress: Callable[[int, int], None],
    areas: Areas | None,
) -> Summary:
    names = source.columns()
    _complete(names, options.area)
    options.steps.begin("读取", 0)
    found = visit_files.look(source.path, options.steps.told(source.chunks(names)), names)
    if not found.count and not options.numbered:
        raise no_rows()
    check_rows(output, found.count)
    areas = areas or Areas(Library(options.folders), everywhere=options.settings)
    settler = Settler(
        areas,
        found.areas,
        options.area,
        load_opening(options.opening),
        in_fen="total_fen" in names or "in_scope_fen" in names,
        benefits=found.benefits,
    )
    settler.latest_day = options.latest_day
    codes = {region.plan.code for region in settler.homes}
    if options.named:
        dropped = {areas.library.home(code) for code in options.named}
        codes |= dropped & set(areas.library.areas())
    areas.check_given(codes)
    _known(names, settler, options.ignored)
    kept = [name for name in names if name not in options.ignored]
    run = Run(source, output, report, kept, settler, options, progress)
    try:
        summary = run.settle(found)
    except ordering.Unordered:
        summary = run.settle(replace(found, ordered=False))
    summary.unread = settler.unread(kept)
    return summary


@dataclass
class Run:
    """One file on its way into another."""

    source: VisitSource
    output: Path
    report: Path
    names: list[str]
    settler: Settler
    options: Options
    progress: Callable[[int, int], None]

    def settle(self, found: ordering.Survey) -> Summary:
        """Settle the file, which is as `found` says.

        Ensures: Unordered is raised, and nothing written, if the file is not in that order.
        """
        summary = Summary()
        steps = self.options.steps
        done = 0

        def told(rows: int) -> None:
            nonlocal done
            if not done:
                steps.begin("结算", found.count)
            done += rows
            self.progress(rows, found.count)

        chunks = self.source.chunks(self.names)
        gathered = chunks
        if not found.ordered and found.count > CHUNK_ROWS:
            # Twice: a few persons of each chunk are looked at before it is cut.
            steps.begin("按人分开", 2 * found.count)
            gathered = steps.told(chunks, 2, ("结算", found.count))
        else:
            steps.begin("结算", found.count)
        order: list[str] = [name for name in ("date", "sequence") if name in self.names]
        try:
            with Report(self.report, self.options.strict) as rejected:
                both = visit_files.Listeners(rejected.add, told)
                tables = visit_files.settle_file(
                    gathered, found, order, self.settler, both, self.output
                )
                shape = self.settler.schema(first_schema(chunks))
                told_tables = _counted(tables, summary, shape)
                visit_files.write(
                    self.output, told_tables, self.options.compression, lambda: self.rules(summary)
                )
        except ordering.Unordered:
            self.progress(-done, found.count)
            raise
        summary.rejected = rejected.count
        summary.report = str(self.report) if rejected.count else ""
        return summary

    def rules(self, summary: Summary) -> list[BookTable]:
        """The sheet of the laws that some row was settled by."""
        laws = [law for home in self.settler.homes for law in home.plan.laws]
        return rules_sheet(laws_labelled(laws, summary.rulebooks))


def first_schema(chunks: Chunks) -> pa.Schema:
    """The types of a file's columns as they are read."""
    first = next(chunks(None), None)
    if first is None:
        raise no_rows()
    return first.schema


def _apart(*paths: Path) -> None:
    resolved = [path.resolve() for path in paths]
    if len(set(resolved)) < len(resolved):
        values = {"value": str(paths[1]), "allowed": "与输入文件、报告文件不同的文件名"}
        raise Refusal("value_invalid", "-o", values)


def _complete(names: list[str], area: str) -> None:
    for column in ("person", "date", "status", *([] if area else ["area"])):
        if column not in names:
            raise missing_column(column, names)
    if not {"total", "total_fen", "in_scope", "in_scope_fen"} & set(names):
        raise missing_column("total", names)


def _known(names: list[str], settler: Settler, ignored: tuple[str, ...]) -> None:
    unknown = [n for n in names if n not in settler.known_columns() and n not in ignored]
    if unknown:
        raise unknown_columns(unknown, (*VISIT_COLUMNS, *sorted(settler.known_columns())))


def _counted(tables: Iterator[pa.Table], summary: Summary, schema: pa.Schema) -> Iterator[pa.Table]:
    """The tables as they pass, their visits counted; at least one, if empty."""
    pool = 0
    empty = True
    for table in tables:
        summary.visits += table.num_rows
        for code, count in _values_of(table, "refusal"):
            if code:
                summary.refusals[code] = summary.refusals.get(code, 0) + count
        seen = dict.fromkeys(code for code, _ in _values_of(table, "rulebook") if code)
        summary.rulebooks = tuple(dict.fromkeys((*summary.rulebooks, *seen)))
        for code, count in counted(_values_of(table, "note")).items():
            summary.notes[code] = summary.notes.get(code, 0) + count
        name = "pool_pays_fen" if "pool_pays_fen" in table.column_names else "pool_pays"
        total = pc.sum(table.column(name)).as_py() or 0
        pool += int(total if name.endswith("_fen") else total * 100)
        empty = False
        yield table
    if empty:
        yield schema.empty_table()
    summary.pool_pays = f"{pool // 100}.{pool % 100:02d}"


def _values_of(table: pa.Table, name: str) -> list[tuple[str, int]]:
    """How often each value is in a column of codes, if any is but the first, which is none."""
    found: list[tuple[str, int]] = []
    for chunk in table.column(name).chunks:
        if len(chunk.dictionary) == 1:
            continue
        codes = chunk.indices.to_numpy()
        most = int(codes.max(initial=0))
        if not most:
            continue
        if codes.min() == most:
            found.append((chunk.dictionary[most].as_py(), len(chunk)))
        else:
            counts = pc.value_counts(chunk).to_pylist()
            found += [(item["values"], item["counts"]) for item in counts]
    return found


class Report:
    """The rows that cannot be read, in a file that exists only if there are any."""

    def __init__(self, path: Path, strict: bool) -> None:
        self.path, self.strict, self.count = path, strict, 0
        self.beside = own_beside(path)

    def __enter__(self) -> "Report":
        self.known = ExitStack()
        self.known.enter_context(under_way(self.beside, self.path))
        self.file = self.beside.open("w", encoding="utf-8-sig", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(REPORT)
        return self

    def add(self, rows: list[Rejected]) -> None:
        """Append rows.

        Refuses: row_rejected at the first row if the report is strict.
        """
        for row in sorted(rows, key=lambda bad: bad.row_number):
            if self.strict:
                raise RowRefusal(row.row_number, row.column, row.code, row.reason)
            told = (row.row_number, row.column, row.code, row.reason)
            self.writer.writerow(map(no_formula, told))
        self.count += len(rows)

    def __exit__(self, kind: object, error: object, at: object) -> None:
        with self.known:
            self.file.close()
            if kind is None and self.count:
                os.replace(self.beside, self.path)
            elif kind is None:
                self.path.unlink(missing_ok=True)
            self.beside.unlink(missing_ok=True)


def load_opening(source: Path | TableFile | None) -> Opening | None:
    """What persons have used before the file begins.

    Refuses: as `gongji.law.engine.opening_meters.read_opening`.
    """
    if source is None:
        return None
    file = table_file(source)
    sheet = Sheet(file.path, file.place)
    return read_opening(sheet.columns, (row for rows in sheet.chunks() for row in rows))


@dataclass(frozen=True)
class TableWishes:
    """How a table in memory is to be settled.

    Shape:   `in_fen` says how results give amounts, None as the table does; `ignored` columns are
             passed over, `further` ones where no rule knows them; `numbered` that the table has
             ROW, and perhaps FAULT, itself; `seen` what a look at all rows told, where the table
             is a part of them.
    """

    areas: Areas
    area: str = ""
    opening: Mapping[str, Mapping[str, int]] | None = None
    ignored: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    in_fen: bool | None = None
    numbered: bool = False
    seen: ordering.Survey | None = None


def adjudicate_table(
    table: pa.Table,
    area: str = "",
    settings: Settings | None = None,
    folders: tuple[Path, ...] = (),
    opening: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[pa.Table, list[Rejected]]:
    """Settle visits in memory: the same columns and results as a file.

    Returns: the results by person, date and sequence, and the rows left out.
    Refuses: field_missing, field_unknown.
    """
    areas = Areas(Library(folders), everywhere=settings)
    return settle_table(table, TableWishes(areas, area, opening))


def settle_table(table: pa.Table, wishes: TableWishes) -> tuple[pa.Table, list[Rejected]]:
    """Settle visits in memory by areas that are loaded already.

    Returns: the results by person, date and sequence, and the rows left out.
    Refuses: field_missing, field_unknown.
    """
    own = (ROW, FAULT) if wishes.numbered else ()
    names = [n for n in table.column_names if n not in (*own, *wishes.ignored)]
    check_header(Path("visits"), names)
    _complete(names, wishes.area)
    table = table.select([*names, *(name for name in own if name in table.column_names)])
    if not wishes.numbered:
        table = table.append_column(ROW, pa.array(np.arange(1, table.num_rows + 1)))
    numbered = without_blank_rows(normal(table))
    found = wishes.seen or ordering.survey(iter([numbered]))
    used = {person: dict(meters) for person, meters in (wishes.opening or {}).items()}
    given_in_fen = "total_fen" in names or "in_scope_fen" in names
    settler = Settler(
        wishes.areas,
        found.areas,
        wishes.area,
        used,
        in_fen=given_in_fen if wishes.in_fen is None else wishes.in_fen,
        benefits=found.benefits,
    )
    wishes.areas.check_given(region.plan.code for region in settler.homes)
    _known(names, settler, wishes.further)
    strange = [name for name in names if name not in settler.known_columns()]
    numbered = numbered.drop_columns(strange)
    keys = [name for name in ("date", "sequence") if name in names]
    return settler.settle(ordering.sort(numbered, keys))

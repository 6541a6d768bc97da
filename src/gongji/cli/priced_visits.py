"""Visits whose cost comes from their fee lines: priced first, then settled as any other file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.refusals import Refusal, RowRefusal
from gongji.tabular.whole_files import own_prefix, under_way

if TYPE_CHECKING:
    import polars as pl

    from gongji.batch.adjudicate import Options
    from gongji.tabular.header_rows import TableFile

SHOWN = 20
"""How many problems of lines the terminal shows."""


@dataclass(frozen=True)
class PricedVisits:
    """A file of the visits with their costs, and the areas that the visits named before pricing."""

    path: Path
    areas: tuple[str, ...]


@contextmanager
def priced_file(
    visits: Path,
    lines: "TableFile",
    catalogue: "TableFile",
    output: Path,
    options: "Options",
    unknown_items: str = "refuse",
) -> Iterator[PricedVisits]:
    """A file of the visits with the costs that their lines make, there until the end of the block.

    Shape:   the visits keep their numbers in `row_number` (settle with `numbered`); amounts are in
             fen only where the visits file has amounts in fen.
    Refuses: what `price_files` refuses; with `strict` the first line that cannot be priced;
             nothing_priced, when every reason is in the report all the same.
    Ensures: visits with a line that cannot be priced are left out; when the block ends well, every
             reason is in `<output>.lines-rejected.csv`.
    """
    from gongji.batch.lines import price_files, with_scope
    from gongji.tabular.texts import read_texts

    report = output.with_name(f"{output.stem}.lines-rejected.csv")
    written = (output, report, options.report or report)
    _apart((visits, lines.path, catalogue.path), written)
    frame = read_texts(visits, options.place)
    if "visit" not in frame.columns:
        raise Refusal("field_missing", "visit")
    priced = price_files(
        lines,
        catalogue,
        frame,
        area=options.area,
        folders=options.folders,
        settings=options.settings,
        unknown_items=unknown_items,
        keep_lines=False,
    )
    if options.strict and len(priced.problems):
        first = priced.problems.row(0, named=True)
        raise RowRefusal(
            first["row_number"], first["column"], first["code"], first["reason"], lines.path.name
        )
    costed = with_scope(frame, priced)
    if len(frame) and costed.is_empty():
        _tell(priced.problems, len(priced.refused), report)
        raise Refusal("nothing_priced", "--lines", {"value": str(report)})
    in_fen = "total_fen" in frame.columns or "in_scope_fen" in frame.columns
    prefix = f"{own_prefix(output)}."
    with (
        tempfile.TemporaryDirectory(dir=output.parent, prefix=prefix) as folder,
        under_way(Path(folder), output),
    ):
        path = Path(folder) / "visits.parquet"
        _settleable(costed, in_fen).write_parquet(path)
        yield PricedVisits(path, _areas(frame, options.area))
    _tell(priced.problems, len(priced.refused), report)


def _areas(frame: "pl.DataFrame", area: str) -> tuple[str, ...]:
    """The areas that a file's visits name; `area` for those that name none."""
    named = frame["area"].drop_nulls().unique().to_list() if "area" in frame.columns else []
    return tuple(sorted({*(str(code).strip() for code in named), area} - {""}))


def _apart(given: tuple[Path, ...], written: tuple[Path, ...]) -> None:
    if {path.resolve() for path in given} & {path.resolve() for path in written}:
        values = {"value": str(written[0]), "allowed": "与输入文件不同的文件名"}
        raise Refusal("value_invalid", "-o", values)


def _settleable(frame: "pl.DataFrame", in_fen: bool) -> "pl.DataFrame":
    """The visits as `adjudicate_file` reads them."""
    import polars as pl

    if not in_fen:
        return frame.with_columns(
            pl.coalesce(_yuan(f"{name}_fen"), *({name} & set(frame.columns))).alias(name)
            for name in ("total", "in_scope")
        ).drop("total_fen", "in_scope_fen")
    return frame


def _yuan(name: str) -> "pl.Expr":
    import polars as pl

    fen = pl.col(name).cast(pl.Int64)
    return pl.format("{}.{}", fen // 100, (fen % 100).cast(pl.String).str.zfill(2))


def _tell(problems: "pl.DataFrame", refused: int, report: Path) -> None:
    """What is wrong with lines, to a file and to stderr."""
    from gongji.tabular.sheets import Whole

    if problems.is_empty():
        report.unlink(missing_ok=True)
        return
    told = problems.drop("visit_row")
    with Whole(report, told.columns) as file:
        file.write(told.rows())
    for line in told.head(SHOWN).iter_rows(named=True):
        click.echo(f"第 {line['row_number']} 行明细 {line['column']}：{line['reason']}", err=True)
    click.echo(f"{len(told)} 处明细无法定价，{refused} 次就诊因此未结算，原因见 {report}", err=True)

"""What is wrong with fee lines: file, row, column, code and one sentence each."""

from collections.abc import Mapping

import polars as pl

from gongji.batch.lines.line_columns import CODE, FIELD, LAW, VISIT_ROW, refusal
from gongji.batch.lines.line_laws import Places
from gongji.batch.lines.price_list import Catalogue
from gongji.law.rulebook.line_provisions import APART
from gongji.refusals import Refusal
from gongji.tabular.texts import ROW
from gongji.units import MAX_FEN, date_of, show_fen

PROBLEM_SCHEMA = {
    "file": pl.String,
    ROW: pl.Int64,
    "visit": pl.String,
    VISIT_ROW: pl.Int64,
    "column": pl.String,
    "code": pl.String,
    "reason": pl.String,
}


class LineProblems:
    """What is wrong with lines, one row each, in sentences."""

    WORDS: Mapping[str, str] = {
        "class": "目录外的项目",
        "standard": "高于支付标准的部分",
        "listing": "高于挂网价格的部分",
        "first_self_pay": "先行自付",
        "related": "与病种无关的项目",
    }

    def __init__(self, file: str, catalogue: Catalogue, places: Places) -> None:
        self.file, self.catalogue, self.places = file, catalogue, places
        self.rows: list[tuple[object, ...]] = []
        self.visit_rows: set[int | None] = set()

    def add(self, row: int, visit: str, visit_row: int | None, error: Refusal) -> None:
        """Note a refusal at a line."""
        self.visit_rows.add(visit_row)
        self.rows.append((self.file, row, visit, visit_row, error.field, error.code, str(error)))

    def of_lines(self, wrong: pl.DataFrame) -> None:
        """The refusals that were marked."""
        for line in wrong.iter_rows(named=True):
            self.add(line[ROW], line["visit"], line[VISIT_ROW], self._refusal(line))

    def _refusal(self, line: Mapping[str, object]) -> Refusal:
        code, field = str(line[CODE]), str(line[FIELD])
        area, item = str(line["area"]), str(line["item"])
        values: dict[str, str] = {"value": str(line.get(field) or ""), "area": area}
        if code == "date_outside":
            on = line["day"]
            if area not in self.places.covered:
                allowed = "、".join(self.places.library.areas())
                return Refusal("area_unknown", "area", {"value": area, "allowed": allowed})
            values |= {"value": str(date_of(on)) if isinstance(on, int) else "（无日期）"}
            values |= {"allowed": self.places.covered[area]}
        elif code == "line_visit_ambiguous":
            values["allowed"] = "sequence 或 person"
        elif code == "item_outside_dates":
            at = line["at"]
            assert isinstance(at, int)
            values |= {"date": str(date_of(at)), "allowed": self.catalogue.spans(item)}
        elif code == "self_pay_missing":
            values["value"] = item
        elif code == "not_ruled":
            values["value"] = self.WORDS[field]
        elif code == "value_invalid" and field == "part":
            parts = line["parts"]
            values["allowed"] = "、".join(map(str, parts)) if isinstance(parts, list) else ""
        elif code in ("field_missing", "amount_invalid", "value_invalid"):
            return refusal(line)
        return Refusal(code, field, values)

    def of_mixed(self, lines: pl.DataFrame) -> None:
        """Bills that mix benefits: lines of another benefit than their visit's."""
        known = self.places.benefits()
        named = lines.filter(
            pl.col("benefit").is_not_null() & pl.col(VISIT_ROW).is_not_null()
        ).with_columns(own=pl.col("benefit").replace(known))
        mixed = named.filter(pl.col("own") != pl.col("benefit_code"))[VISIT_ROW].unique()
        for _, bill in named.filter(pl.col(VISIT_ROW).is_in(mixed.implode())).group_by(VISIT_ROW):
            first = bill.sort(ROW).row(0, named=True)
            if first[LAW] is None:
                continue
            terms = self.places.terms[first[LAW]]
            names = {code: name for name, code in terms.law.benefits.items()}
            own = first["benefit_code"]
            rows: dict[str, list[str]] = {own: []}
            for code, row in bill.sort(ROW).select("own", ROW).rows():
                rows.setdefault(code, []).append(str(row))
            value = "、".join(
                f"{names.get(code, code)}" + (f"（第 {'、'.join(at)} 行）" if at else "")
                for code, at in rows.items()
            )
            found = terms.ground(APART, own)
            article = f"〔{found.cite.document} {found.cite.article}〕" if found else ""
            error = Refusal("benefits_mixed", "benefit", {"value": value, "article": article})
            self.add(first[ROW], first["visit"], first[VISIT_ROW], error)

    def of_sums(self, sums: pl.DataFrame) -> None:
        """Visits whose lines do not add up to their total, or to more than the bound."""
        good = sums.filter(~pl.col(VISIT_ROW).is_in([r for r in self.visit_rows if r is not None]))
        differ = (pl.col("given_fen") != pl.col("total_fen")).fill_null(False)
        for visit in good.filter(differ | (pl.col("total_fen") > MAX_FEN)).iter_rows(named=True):
            if visit["total_fen"] > MAX_FEN:
                value = show_fen(visit["total_fen"])
                error = Refusal("amount_too_large", "amount", {"value": value})
            else:
                found, given = show_fen(visit["total_fen"]), show_fen(visit["given_fen"])
                error = Refusal("lines_differ", "total", {"value": found, "total": given})
            self.add(visit["first_row"], visit["visit"], visit[VISIT_ROW], error)

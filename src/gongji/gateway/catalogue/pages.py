"""Paged queries of the catalogue (1312, 1317 to 1319), in the page wrapper that clients know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gongji.gateway.catalogue import catalogue_fields as fields
from gongji.gateway.transactions import Call, Node, transaction
from gongji.gateway.wire.fields import fill, last_day, plain, yuan
from gongji.institutions.institution_rows import get_institution
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.line_provisions import SELF_PAY
from gongji.refusals import Refusal
from gongji.units import CHINA, WHOLE, day_in_china, day_of

GRADES = {"甲": "01", "乙": "02", "丙": "03"}
_GRADE_OF = {code: grade for grade, code in GRADES.items()}
_CHANGED = "greatest(v.learnt_at, coalesce(v.retired_at, v.learnt_at))"
_VERSIONS = f"""select v.id, v.item, v.name, v.area, v.since, v.until, v.charge_type, v.grade,
  v.restricted, v.list_type, v.negotiated, v.dual_channel, v.agreement_until,
  v.first_self_pay_ppm, v.learnt_at, {_CHANGED}, v.retired_at is null"""
_MATCHES = f"""select v.id, v.own_item, v.own_name, v.list_type, v.item, v.since, v.until,
  v.details, v.learnt_at, {_CHANGED}, v.retired_at is null"""
_LEVELS = """lateral (values ('1', coalesce(v.standard_1_fen, v.standard_fen, v.listing_fen)),
  ('2', coalesce(v.standard_2_fen, v.standard_fen, v.listing_fen)),
  ('3', coalesce(v.standard_3_fen, v.standard_fen, v.listing_fen))) as l (level, limit_fen)"""
_DETAILS = ("aprvno", "dosform", "exct_cont", "item_cont", "prcunt", "spec", "pacspec", "memo")


class PageAsked:
    """The conditions of a query: SQL and its values, gathered from the fields that were sent."""

    def __init__(self, call: Call, area: str) -> None:
        self.call, self.data, self.area = call, call.one("data"), area
        self.conditions = [f"{_CHANGED} >= %(updated)s"]
        day = call.day(self.data, "updt_time")
        self.values: dict[str, Any] = {
            "updated": datetime(day.year, day.month, day.day, tzinfo=CHINA)
        }

    def equal(self, name: str, column: str, meanings: Mapping[str, Any] | None = None) -> None:
        """Where a field was sent, the column must be it (or what the field's code means)."""
        text = self.call.text(self.data, name)
        if text:
            self.conditions.append(f"{column} = %({name})s")
            self.values[name] = text if meanings is None else meanings.get(text)

    def like(self, name: str, column: str) -> None:
        """Where a text was sent, the column must contain it."""
        text = self.call.text(self.data, name)
        if text:
            self.conditions.append(f"position(%({name})s in {column}) > 0")
            self.values[name] = text

    def spans(self) -> None:
        """query_date: the version holds on that day; begndate: it begins then or later."""
        day = self.call.day(self.data, "query_date", False)
        if day:
            self.conditions.append(
                "v.since <= %(query_date)s and (v.until is null or v.until > %(query_date)s)"
            )
            self.values["query_date"] = day
        begun = self.call.day(self.data, "begndate", False)
        if begun:
            self.conditions.append("v.since >= %(begndate)s")
            self.values["begndate"] = begun
        self.equal("vali_flag", "(v.retired_at is null)", {"0": False, "1": True})

    def places(self, *names: str) -> None:
        """The pooling area: the one asked for, a county's being that of its city, else the own."""
        asked = next((text for name in names if (text := self.call.text(self.data, name))), "")
        self.conditions.append("v.area = %(area)s")
        self.values["area"] = self.area if asked[:4] == self.area[:4] else asked or self.area


@dataclass(frozen=True)
class _Page:
    number: int
    size: int


def _page(call: Call, data: Node) -> _Page:
    """Which page.

    Refuses: value_invalid for more rows than a page may have; a page cut short unasked would look
             like the last one.
    """
    number = call.whole(data, "page_num", required=True, most=10**6)
    size = call.whole(data, "page_size", required=True)
    if not 1 <= size <= call.settings.page_rows:
        values = {"value": str(size), "allowed": f"1 至 {call.settings.page_rows}"}
        raise Refusal("value_invalid", "page_size", values)
    return _Page(max(number, 1), size)


def _pages(
    asked: PageAsked, select: str, source: str, order: str, make: Callable[[Sequence[Any]], Any]
) -> dict[str, Any]:
    """A page of rows in its wrapper."""
    call, page = asked.call, _page(asked.call, asked.data)
    where = " and ".join(asked.conditions)
    counted = call.connection.execute(
        f"select count(*) from {source} where {where}", asked.values
    ).fetchone()
    count = counted[0] if counted else 0
    start = (page.number - 1) * page.size
    rows = call.connection.execute(
        f"{select} from {source} where {where} order by {order} limit {page.size} offset {start}",
        asked.values,
    ).fetchall()
    pages = -(-count // page.size)
    return {
        "firstPage": page.number == 1,
        "lastPage": page.number >= pages,
        "size": len(rows),
        "startRow": start + 1 if rows else 0,
        "pageSize": page.size,
        "pageNum": page.number,
        "recordCounts": count,
        "pages": pages,
        "data": [make(row) for row in rows],
    }


def _own_area(call: Call) -> str:
    return get_institution(call.connection, call.institution).area


def _times(learnt_at: datetime, changed_at: datetime) -> dict[str, str]:
    return {
        "crte_time": _day(learnt_at),
        "updt_time": _day(changed_at),
        "opt_time": _day(changed_at),
    }


def _day(instant: datetime) -> str:
    return day_in_china(instant).isoformat()


def _span(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "begndate": row["since"].isoformat(),
        "enddate": last_day(row["until"]),
        "vali_flag": "1" if row["valid"] else "0",
    }


_VERSION_NAMES = (
    "id",
    "item",
    "name",
    "area",
    "since",
    "until",
    "charge_type",
    "grade",
    "restricted",
    "list_type",
    "negotiated",
    "dual_channel",
    "agreement_until",
    "own_ppm",
    "learnt_at",
    "changed_at",
    "valid",
    "level",
    "limit_fen",
)
_MATCH_NAMES = (
    "id",
    "own_item",
    "own_name",
    "list_type",
    "item",
    "since",
    "until",
    "details",
    "learnt_at",
    "changed_at",
    "valid",
)


def _version(row: Sequence[Any], rid: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """A version by names, and the fields that every query of versions tells of it."""
    named = dict(zip(_VERSION_NAMES, row, strict=False))
    common = _span(named) | _times(named["learnt_at"], named["changed_at"])
    common |= {
        "hilist_code": named["item"],
        "insu_admdvs": named["area"],
        "poolarea_no": named["area"],
        "rid": str(named["id"]) + rid,
    }
    return named, common


@transaction("1312")
def query_items(call: Call) -> dict[str, Any]:
    """Items of the insurance catalogue: which can be paid, in which class."""
    asked = PageAsked(call, _own_area(call))
    asked.places("insu_admdvs")
    asked.spans()
    for name, column in (
        ("hilist_code", "v.item"),
        ("list_type", "v.list_type"),
        ("med_chrgitm_type", "v.charge_type"),
    ):
        asked.equal(name, column)
    asked.equal("chrgitm_lv", "v.grade", _GRADE_OF)
    asked.equal("lmt_used_flag", "v.restricted", {"0": False, "1": True})
    asked.equal("med_use_flag", "(v.grade <> '丙')", {"0": False, "1": True})
    asked.like("hilist_name", "v.name")

    def make(row: Sequence[Any]) -> dict[str, Any]:
        named, common = _version(row)
        own = {
            "hilist_name": named["name"],
            "med_chrgitm_type": named["charge_type"],
            "chrgitm_lv": GRADES[named["grade"]],
            "lmt_used_flag": "1" if named["restricted"] else "0",
            "list_type": named["list_type"],
            "med_use_flag": "0" if named["grade"] == "丙" else "1",
            "memo": _memo(named),
        }
        return fill(fields.HILIST, common | own)

    return _pages(asked, _VERSIONS, "item_version v", "v.id", make)


def _memo(named: Mapping[str, Any]) -> str:
    told = [
        word
        for word, holds in (("谈判药品", "negotiated"), ("双通道药品", "dual_channel"))
        if named[holds]
    ]
    until: date | None = named["agreement_until"]
    return "、".join(told) + (f"，协议至{last_day(until)}" if told and until else "")


@transaction("1317")
def query_matches(call: Call) -> dict[str, Any]:
    """The institution's own items matched to national codes; only its own.

    Refuses: institution_not_own.
    """
    area = _own_area(call)
    asked = PageAsked(call, area)
    named = call.text(asked.data, "fixmedins_code")
    if named and named != call.institution:
        raise Refusal("institution_not_own", "fixmedins_code", {"value": named})
    asked.conditions.append("v.institution = %(institution)s")
    asked.values["institution"] = call.institution
    asked.spans()
    for name, column in (
        ("medins_list_codg", "v.own_item"),
        ("list_type", "v.list_type"),
        ("med_list_codg", "v.item"),
    ):
        asked.equal(name, column)
    asked.like("medins_list_name", "v.own_name")

    def make(row: Sequence[Any]) -> dict[str, Any]:
        one = dict(zip(_MATCH_NAMES, row, strict=True))
        values = _span(one) | _times(one["learnt_at"], one["changed_at"])
        values |= {name: one["details"].get(name, "") for name in _DETAILS}
        values |= {
            "fixmedins_code": call.institution,
            "medins_list_codg": one["own_item"],
            "medins_list_name": one["own_name"],
            "insu_admdvs": area,
            "poolarea_no": area,
            "list_type": one["list_type"],
            "med_list_codg": one["item"],
            "rid": str(one["id"]),
        }
        return fill(fields.MATCHES, values)

    return _pages(asked, _MATCHES, "item_match v", "v.id", make)


def _versions_asked(call: Call) -> PageAsked:
    asked = PageAsked(call, _own_area(call))
    asked.places("insu_admdvs", "poolarea_no")
    asked.spans()
    asked.equal("hilist_code", "v.item")
    ends = call.last_day(asked.data, "enddate")
    if ends:
        asked.conditions.append("v.until <= %(enddate)s::date + 1")
        asked.values["enddate"] = ends
    return asked


@transaction("1318")
def query_limits(call: Call) -> dict[str, Any]:
    """Price ceilings of items by level of the hospital."""
    asked = _versions_asked(call)
    asked.conditions.append("l.limit_fen is not null")
    asked.equal("hilist_lmtpric_type", "l.level")
    asked.equal("rid", "v.id || '-' || l.level")

    def make(row: Sequence[Any]) -> dict[str, Any]:
        named, common = _version(row, rid=f"-{row[-2]}")
        own = {
            "hilist_lmtpric_type": named["level"],
            "hilist_pric_uplmt_amt": yuan(named["limit_fen"]),
        }
        return fill(fields.LIMITS, common | own)

    select = f"{_VERSIONS}, l.level, l.limit_fen"
    return _pages(asked, select, f"item_version v, {_LEVELS}", "v.id, l.level", make)


@transaction("1319")
def query_self_pay(call: Call) -> dict[str, Any]:
    """The first self-pay of items."""
    asked = _versions_asked(call)
    asked.equal("rid", "v.id::text")
    asked.equal("selfpay_prop_psn_type", "'310'")
    asked.equal("selfpay_prop_type", "'10'")
    shares = _Shares(call)

    def make(row: Sequence[Any]) -> dict[str, Any]:
        named, common = _version(row)
        own = {
            "selfpay_prop_psn_type": "310",
            "selfpay_prop_type": "10",
            "selfpay_prop": shares.text(named),
        }
        return fill(fields.SELF_PAY, common | own)

    return _pages(asked, _VERSIONS, "item_version v", "v.id", make)


class _Shares:
    """First self-pay of versions; the area's own share is looked up once for each law."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def text(self, named: Mapping[str, Any]) -> str:
        """The share as a decimal; empty for 乙 where neither item nor area gives one."""
        if named["grade"] != "乙":
            return "1" if named["grade"] == "丙" else "0"
        ppm = named["own_ppm"]
        if ppm is None:
            ppm = self._of_area(named["area"], max(named["since"], self.call.today))
        return "" if ppm < 0 else plain(ppm, len(str(WHOLE)) - 1)

    def _of_area(self, area: str, day: date) -> int:
        try:
            law = self.call.areas.area(area).law(day_of(day))
        except Refusal:
            return -1
        return Terms(law).share(SELF_PAY)

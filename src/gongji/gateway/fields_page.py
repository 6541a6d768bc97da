"""The page docs/door-queries.md: how requests are read, then every table of fields."""

from gongji.gateway import fields_catalogue, fields_filings, fields_queries, fields_statements
from gongji.gateway.fields_catalogue import FILES, WHAT, FileTable
from gongji.gateway.fields_shape import NODES, Empty, Node

MODULES = (fields_queries, fields_filings, fields_statements, fields_catalogue)
HEAD = """# The door's queries, filings, catalogue and reconciliation

Generated from the tables in `gateway/fields_*.py`; `fill` refuses an object that differs from its
table. How each transaction reads its request where the interface leaves it open:

## Who sees what

- Visits, settlements, fee lines, matches and statements: the institution's own only. A foreign
  number is answered like one that does not exist.
- Facts about a person (5206, 5301, 5302, 5304): of a person named by `psn_no`. 5303 without a
  person tells the stays at the institution itself.
- A span of a query has at most 1,100 days; an end given as a date is its 23:59:59.

## Filings

- Every filing is a fact about the person with a serial of 30 digits (area, time, number). Taken
  back means retired: what was known before stays known. A filing sent again with the same msgid
  has the same answer.
- 2501 holds at once, until `enddate` or the end of the calendar year. Where the area's document
  has one selected institution (Yunfu article 17), only that one, or one that the person was
  referred to, refers. It may begin as far back as visits may be settled. 2502: by who filed it,
  while no settlement that stands was made there under it.
- 2503 waits for the agency (state `filed`) and does not count until it is approved. It asks for
  the chronic benefit, a cancer, transplant or dialysis for the special one, as far as the area
  has it; the agency decides. 2504: until the agency has approved.
- 2505 takes application type 03 only, where the area's document has a selection; each other type
  is refused with where it belongs. One institution at a time, from today on, for a year at most
  (no end: a year). Changing within the year is the agency's. 2506: by who filed it, while nothing
  was settled there under it.
- 2507: `chk_pay_flag` 0 says that a third party is liable. Without an end it holds to the end of
  the calendar year. Name and certificate must be the person's.

## Catalogue

- Files hold what changed since `ver`: the time of the last change as yyyyMMddHHmmss, also inside
  a longer text (`F001_20240101000000_C`); any other text means everything. What was taken back
  comes with valid flag 0. What changed within the running second comes with the next request.
- Tickets of the catalogue may be fetched by everyone (`plc`); the same file of one day is one
  ticket.
- A page has at most as many rows as the door allows (100); more are refused, for a page cut short
  would look like the last one.
- 3301 keeps all rows or none. The same pair of codes again takes the place of the earlier match;
  an own item cannot stand for two national codes on one day.

## Reconciliation

- A statement counts settlements and cancellations by accounting date, the day of `setl_time`; of
  insurance 310, and of clearing type 11 (hospitals) or 41 (pharmacies).
- `refd_setl_flag` 1 or empty: a cancelled settlement and its cancellation are both counted, each
  a row. 0: both are left out. `fixmedins_refd_setl_flag` counts where the first one is absent.
- 3202 reads a ZIP with one text, or the text itself, UTF-8 or GB18030; a first line of column
  names is passed over. A row is found by `setl_id`; a refund also by the number of what it
  refunds, with amounts below zero; a row without `setl_id` by visit and person. Totals of the
  request that are not those of its own file are warned of.
"""


def page() -> str:
    """The page as it should be."""
    tables = sorted(NODES, key=lambda table: table.infno)
    parts = [HEAD, *(_table(table) for table in tables if table.infno not in FILES)]
    parts += ["## Files of the catalogue\n", _ticket(), *(_file(table) for table in FILES.values())]
    return "\n".join(parts)


def _table(table: Node) -> str:
    title = f"## {table.infno} `{table.name or 'output'}`"
    lines = [title, "", "| field | from |", "| --- | --- |"]
    for name, source in table.fields.items():
        told = f"always empty: {source.reason}" if isinstance(source, Empty) else source
        lines.append(f"| `{name}` | {told} |")
    return "\n".join(lines) + "\n"


def _ticket() -> str:
    table = next(one for one in NODES if one.infno in FILES)
    lines = ["| field | from |", "| --- | --- |"]
    lines += [f"| `{name}` | {source} |" for name, source in table.fields.items()]
    return "\n".join(lines) + "\n"


def _file(table: FileTable) -> str:
    lines = [f"### {table.infno} {table.title}", ""]
    if table.why_empty:
        lines.append(f"No rows: {table.why_empty}.")
        return "\n".join(lines) + "\n"
    lines += [f"{table.columns} columns; every other one is `null`.", ""]
    lines += ["| columns | from |", "| --- | --- |"]
    for what in dict.fromkeys(table.filled.values()):
        places = ", ".join(str(n) for n, named in table.filled.items() if named == what)
        lines.append(f"| {places} | {WHAT[what]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")

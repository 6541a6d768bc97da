"""The page docs/door.md: how the door behaves, its transactions, and where its fields come from."""

from gongji.gateway import stays
from gongji.gateway.fields_settlement import NODES, SETLINFO, SILENT
from gongji.gateway.fields_shape import Empty, Node
from gongji.gateway.handlers import SETTLED
from gongji.gateway.transactions import TRANSACTIONS

HEAD = """# The door for hospital systems

Generated from the tables in `gateway/` (`python -m gongji.gateway.door_page`). The other
transactions are in [door-queries.md](door-queries.md).

## Taking in

- POST on any path, any content type. The transaction is `infno` in the body; a path that ends
  with a number is ignored. UTF-8 with or without a byte-order mark, else GB18030.
- Names of nodes and fields in any case, rows as one object, one row as an object; a request
  whose only node was left out is read as that node. Numbers as numbers or texts, amounts with
  trailing zeros or an exponent; `""`, `null` and the texts `null` and `NULL` are absent. Unknown
  fields are kept with the visit or the line, or ignored.
- 9101 as JSON (`in` as Base64 or an array of bytes) or in parts (`jsonStr` and a file).
- A body is at most 32 MB (413 beyond), an upload at most 5,000 lines.
- Sign-in (9001) is not demanded of other transactions.

## Answering

- HTTP 200 with `infcode` 0, or -1 with one Chinese sentence and `output` null. `warn_msg` tells
  the cashier what differs or why the pool paid nothing.
- An accident is -1 too, with a number that is in the log, and counts as `fault` in the metrics.
- 9102 answers with the bytes of the file.
- GET `/health` (the process), `/ready` (database, tables, rules), `/metrics` (Prometheus; the sum
  over all doors of `gongji serve`).

## Signing

- `x-tif`: headers `x-tif-paasid`, `x-tif-timestamp`, `x-tif-nonce`, `x-tif-signature`, which is
  the hex SHA-256 of timestamp + secret + nonce + timestamp.
- `api`: headers `_api_access_key`, `_api_name`, `_api_timestamp`, `_api_version` and
  `_api_signature`, which is the Base64 HMAC-SHA1 over the four others as k=v, joined by & in the
  order of their names.
- `none`: nobody signs; for a demonstration only.
- Refused with HTTP 401 and `{"code":401,"message":…}`: a header missing, a time further away than
  `GONGJI_REPLAY_SECONDS` (seconds or milliseconds), an unknown or revoked key, another signature.
- A nonce is claimed in the database, so once over all doors. The same nonce with the very same
  body passes: that is a delivery repeated, and a message takes effect once. `_api_*` has no
  nonce; there the window and exactly once are all there is.
- `fixmedins_code` must be the institution of the key. A revoked key ends within 30 seconds.

## Once

- What changes anything is under institution + `msgid`. The same content again: the same bytes,
  refusals too. Other content: refused, naming the fields. The content is the normalised input;
  neither the clock nor the headers count. A fault is not kept: the same message may be sent again.
- A refusal of a bill that could not even be read (a field missing) is not kept either.
- 2601 of a message that never came bars it from coming late, and says so in `warn_msg`.

## Money

- A wrong `medfee_sumamt` is refused with both sums. Class totals of 2207 that differ only warn.
- `psn_setlway` 02 and `insutype` other than 310 are refused. `acct_used_flag`: 0 no account, 1 the
  own, 2 the own and then the bound ones; 01 is 1.
- A quantity has at most three decimals that are not zero.
- 1101 reads identity card (02) and social security card (03); an electronic voucher (01) only
  with `certno`, since only the national platform can open its token.
- A pharmacy names the prescriber of outside prescriptions (`rxno`) in `rxfixmedinsCode`, in the
  row, in `druginfo`, or in the `exp_content` of either; a hospital by 2203A.
- `exp_content` with `REL_TTP_FLAG` 1: a third party is liable.

"""


def page() -> str:
    """The page as it should be."""
    parts = [HEAD, _overview()]
    seen: set[int] = set()
    for table in NODES:
        if id(table.fields) in seen:
            continue
        seen.add(id(table.fields))
        parts.append(_table(table))
    parts.append(_stays())
    return "\n".join(parts)


def _overview() -> str:
    lines = ["## Transactions", "", "| number | answered |", "| --- | --- |"]
    for infno in sorted({*TRANSACTIONS, *SETTLED}):
        if infno in SETTLED:
            how = "gathered: what waits is settled together"
        else:
            how = "once" if TRANSACTIONS[infno].changes else "read"
        lines.append(f"| {infno} | {how} |")
    lines += ["", f"Without an output: {', '.join(SILENT)}.", ""]
    return "\n".join(lines)


def _table(table: Node) -> str:
    infno = "2206, 2206A, 2207, 2207A, 2208, 2101, 2102" if table in SETLINFO.values() else ""
    infno = "2206 to 2208, 2101 to 2103" if table.name == "setldetail" else infno
    infno = "2101, 2102" if table.name == "detlcutinfo" else infno
    lines = [f"## {infno or table.infno} `{table.name or 'output'}`", ""]
    lines += ["| field | from |", "| --- | --- |"]
    for name, source in table.fields.items():
        told = f"always empty: {source.reason}" if isinstance(source, Empty) else source
        lines.append(f"| `{name}` | {told} |")
    return "\n".join(lines) + "\n"


def _stays() -> str:
    lines = [
        f"## {stays.INFNO} `stays`", "",
        "A transaction of gongji's own: inpatient care is settled elsewhere, and its system tells",
        "here what the episodes used. Rows, in; told again with other figures, an episode is",
        "corrected. The answer's `result` names the outpatient settlements that were cancelled or",
        "flagged because of an episode.", "", "| field | what it says |", "| --- | --- |",
    ]  # fmt: skip
    lines += [f"| `{name}` | {meaning} |" for name, meaning in stays.FIELDS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")

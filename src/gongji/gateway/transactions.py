"""What a transaction of the interface is to its handler: a call with readers, and an answer.

A handler is a function of a `Call` under `@transaction("5201", nodes=("data",))`; it gives the
`output` object and raises Refusal for everything that it does not do. It knows nothing of HTTP, of
signatures or of replays.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias, overload

import msgspec
import psycopg

from gongji.law.engine.areas import Areas
from gongji.platform.actors import Actor
from gongji.platform.identity import Identity
from gongji.platform.inbox import Inbox, Key, inbox_of
from gongji.platform.law_book import Laws, in_force
from gongji.refusals import Refusal
from gongji.settlement.contract import Bounds
from gongji.tabular.cell_forms import LAST_YEAR, MOST_DIGITS, amount_text, instant_of, is_open_end
from gongji.units import CHINA, MAX_FEN, Fen, day_in_china, round_half_up

Node: TypeAlias = dict[str, Any]
"""An object of the input: field name in lower case -> text, None, or what is nested in it."""

_NUMBER = re.compile(r"([+-]?)([0-9]{1,24})(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,2}))?")
PRIVATE = frozenset({"certno", "mdtrt_cert_no", "psn_name", "tel", "addr", "card_sn", "patn_name"})
"""Fields that say who somebody is."""
_SHOWN = 40
_FLOAT_NOISE = 10**5
"""How small a part of its last decimal a number may miss that floats were added up to."""


@dataclass(frozen=True)
class GatewaySettings:
    """How a gateway behaves; keys are never shown.

    Units:   seconds, days, bytes.
    """

    adaptor: str = "x-tif"
    replay_seconds: int = 1800
    days_back: int = 400
    days_ahead: int = 1
    refuse_chained: frozenset[str] = frozenset()
    prescribed_since: Mapping[str, date] = field(default_factory=dict)
    identity_key: bytes = field(default=b"", repr=False)
    lookup_key: bytes = field(default=b"", repr=False)
    former_keys: tuple[bytes, ...] = field(default=(), repr=False)
    cryptography: str = "international"
    sm2_key: bytes = field(default=b"", repr=False)
    body_bytes: int = 4 * 1024 * 1024
    upload_bytes: int = 32 * 1024 * 1024
    """Of a file that is uploaded (9101)."""
    forgeries: int = 30
    """Wrong signatures of one peer that are answered at once, a minute."""
    workers: int = 2
    """Threads that answer what is not settled; more only fight for the interpreter."""
    batches: int = 1
    """Threads that settle; one costs less than two, which fight for the interpreter."""
    batch_size: int = 100
    file_seconds: int = 7 * 24 * 3600
    page_rows: int = 100
    people_a_day: int = 2000
    """How many people an institution opens in a day before supervision is told."""

    @property
    def inbox(self) -> Inbox:
        """Where messages and their answers are kept, by these keys."""
        return inbox_of(self.identity_key, self.lookup_key, self.former_keys)

    @property
    def identity(self) -> Identity:
        """The keys that open identity numbers and find them."""
        keys = self.identity_key, self.lookup_key
        return Identity(*keys, self.former_keys, self.cryptography)

    @property
    def bounds(self) -> Bounds:
        """The days of service that are taken."""
        return Bounds(self.days_back, self.days_ahead, self.prescribed_since)


@dataclass(frozen=True)
class Answer:
    """An output with warnings for the cashier, and the entry of the journal that was made."""

    output: dict[str, Any] | None
    warnings: tuple[str, ...] = ()
    entry: int | None = None


@dataclass(frozen=True)
class Download:
    """The bytes of a file instead of a reply (9102)."""

    content: bytes
    name: str


Handler: TypeAlias = Callable[["Call"], dict[str, Any] | Answer | Download | None]
Again: TypeAlias = Callable[["Call", int], Answer]
"""Answers from the journal a message whose reply is no longer kept; it is given the entry."""


@dataclass(frozen=True)
class Transaction:
    """A transaction of the table: its number, input nodes, handler, whether it changes anything."""

    infno: str
    nodes: tuple[str, ...]
    changes: bool
    answer: Handler
    again: Again | None = None


MOVE_MONEY = ("2102", "2207", "2207A", "2103", "2208")
"""The transactions that become an entry, and that 2601 undoes: settlements and cancellations."""

TRANSACTIONS: dict[str, Transaction] = {}
"""Every transaction that handlers answer one at a time, by number."""


def transaction(
    infno: str,
    nodes: tuple[str, ...] = ("data",),
    changes: bool = False,
    again: Again | None = None,
) -> Callable[[Handler], Handler]:
    """Enter a handler into the table of transactions.

    Shape:   `nodes` are the names of the input's nodes in lower case; with `changes` the handler
             runs inside a transaction of the database, exactly once for a message; `again`
             answers the same message when its reply is no longer kept.
    """

    def enter(answer: Handler) -> Handler:
        if infno in TRANSACTIONS:
            raise ValueError(f"transaction {infno} has two handlers")
        TRANSACTIONS[infno] = Transaction(infno, nodes, changes, answer, again)
        return answer

    return enter


_EMPTY = frozenset({"", "null", "NULL", "Null"})
_names: dict[str, str] = {}
_MOST_NAMES = 10_000
_LONGEST_NAME = 64
"""Characters of a field's name; the interface's are shorter by half."""
_MOST_FIELDS = 300
"""Fields of one object; the interface's have a third of that."""
_DEEPEST = 16
"""How deep objects and rows may lie in each other; the interface's four."""


def _name(key: str) -> str:
    """A key as it is looked up; the few names of the interface are remembered.

    Refuses: message_unreadable where no name is so long.
    """
    found = _names.get(key)
    if found is None:
        if len(key) > _LONGEST_NAME:
            raise Refusal("message_unreadable", values={"reason": "字段名过长"})
        found = key.strip().lower()
        if len(_names) < _MOST_NAMES:
            _names[key] = found
    return found


def _object(value: dict[str, Any], deeper: int) -> Node:
    """An object normalised; most of its values are texts, which are not worth a call each."""
    if len(value) > _MOST_FIELDS:
        raise Refusal("message_unreadable", values={"reason": "一个对象的字段过多"})
    made: Node = {}
    for key, part in value.items():
        name = _names.get(key) or _name(key)
        if type(part) is str:
            text = part.strip()
            made[name] = None if text in _EMPTY else text
        else:
            made[name] = normalise(part, deeper)
    return made


def normalise(value: Any, deeper: int = _DEEPEST) -> Any:
    """Texts stripped, "" and "null" as None, numbers as text, keys in lower case, at any depth.

    Refuses: message_unreadable for what is deeper, or has more or longer names, than any message.
    """
    kind = type(value)
    if kind is str:
        text = value.strip()
        return None if text in _EMPTY else text
    if kind is dict or kind is list:
        if not deeper:
            raise Refusal("message_unreadable", values={"reason": "嵌套层数过多"})
        if kind is dict:
            return _object(value, deeper - 1)
    if value is None:
        return None
    if kind is bool:
        return "1" if value else "0"
    if kind is int:
        return str(value)
    return [normalise(part, deeper - 1) for part in value]


def shown(name: str, value: object) -> str:
    """A value as it may stand in a message: private fields masked, anything long cut short."""
    text = value if isinstance(value, str) else "（对象）"
    if name in PRIVATE:
        return text[:1] + "***"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class Call(msgspec.Struct, frozen=True, dict=True):
    """One request to one handler.

    Shape:   `input` node name in lower case -> object or rows; `header` the other fields of the
             envelope, normalised likewise. Absent texts are "", absent numbers zero.
    Refuses: every reader: field_missing, value_invalid, amount_invalid, amount_negative,
             amount_too_large.
    """

    connection: psycopg.Connection[Any]
    institution: str
    infno: str
    input: Node
    key: Key
    now: datetime
    laws: Laws
    settings: GatewaySettings
    header: Mapping[str, Any] = {}

    @cached_property
    def areas(self) -> Areas:
        """The laws that govern the transaction in which they are asked for first."""
        return in_force(self.connection, self.laws)

    @property
    def actor(self) -> Actor:
        """The institution that sent the request."""
        return Actor.institution(self.institution)

    @cached_property
    def identity(self) -> Identity:
        """The keys that open identity numbers and find them."""
        return self.settings.identity

    def one(self, name: str) -> Node:
        """A node that is one object; the input itself where a client left the node out."""
        found = self.input.get(name)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if found is None and not any(isinstance(v, dict | list) for v in self.input.values()):
            found = self.input or None
        if found is None:
            raise Refusal("field_missing", name)
        if not isinstance(found, dict):
            raise Refusal("value_invalid", name, {"value": "（数组）", "allowed": "一个对象"})
        return found

    def many(self, name: str, required: bool = False) -> list[Node]:
        """A node that is rows; one object is one row, an absent node none."""
        found = self.input.get(name)
        rows = [found] if isinstance(found, dict) else found or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refusal("value_invalid", name, {"value": "（其他）", "allowed": "对象的数组"})
        if required and not rows:
            raise Refusal("field_missing", name)
        return rows

    def text(self, node: Node, name: str, required: bool = False, longest: int = 500) -> str:
        """A text."""
        value = node.get(name)
        if value is None:
            if required:
                raise Refusal("field_missing", name)
            return ""
        if not isinstance(value, str) or len(value) > longest or "\x00" in value:
            allowed = f"不超过 {longest} 个字符的文本"
            raise Refusal("value_invalid", name, {"value": shown(name, value), "allowed": allowed})
        return value

    def choice(
        self,
        node: Node,
        name: str,
        allowed: Iterable[str],
        required: bool = True,
        default: str = "",
    ) -> str:
        """A code of a table, with or without its leading zeros; where it may be absent, `default`.

        Shape:   clients that keep codes as numbers send 2 for 02.
        """
        value = self.text(node, name, required)
        if not value:
            return default
        found = next((code for code in allowed if same_code(code, value)), None)
        if found is None:
            codes = "、".join(sorted(allowed))
            raise Refusal("value_invalid", name, {"value": shown(name, value), "allowed": codes})
        return found

    def fen(self, node: Node, name: str, required: bool = False, negative: bool = False) -> Fen:
        """An amount of yuan, a number or a text, in fen."""
        text = self.text(node, name, required)
        if not text:
            return 0
        amount = parse_scaled(text, 2)
        if amount is None:
            raise Refusal("amount_invalid", name, {"value": shown(name, text)})
        if amount < 0 and not negative:
            raise Refusal("amount_negative", name, {"value": shown(name, text)})
        if abs(amount) > MAX_FEN:
            raise Refusal("amount_too_large", name, {"value": shown(name, text)})
        return amount

    def scaled(
        self, node: Node, name: str, decimals: int, required: bool = False, most: int = 0
    ) -> int:
        """A number of at most so many decimals as a whole number (1.5 with 3 decimals is 1500).

        Shape:   `most` is the bound in the number's own unit; without it a billion of three
                 decimals, a million of six.
        Refuses: value_invalid, a bound being told as one.
        """
        text = self.text(node, name, required)
        if not text:
            return 0
        number = parse_scaled(text, decimals)
        if number is None:
            allowed = f"至多 {decimals} 位小数的数"
            raise Refusal("value_invalid", name, {"value": shown(name, text), "allowed": allowed})
        most = most or MAX_FEN // 10**decimals
        if abs(number) > most * 10**decimals:
            allowed = f"不超过 {most} 的数"
            raise Refusal("value_invalid", name, {"value": shown(name, text), "allowed": allowed})
        return number

    def whole(self, node: Node, name: str, required: bool = False, most: int = 10**9) -> int:
        """A whole number from zero on."""
        text = self.text(node, name, required)
        number = parse_scaled(text, 0) if text else 0
        if number is None or not 0 <= number <= most:
            allowed = f"0 至 {most} 的整数"
            raise Refusal("value_invalid", name, {"value": shown(name, text), "allowed": allowed})
        return number

    @overload
    def instant(self, node: Node, name: str, required: Literal[True] = True) -> datetime: ...
    @overload
    def instant(self, node: Node, name: str, required: Literal[False]) -> datetime | None: ...
    def instant(self, node: Node, name: str, required: bool = True) -> datetime | None:
        """A date and time of Shanghai (a date alone is its midnight), aware; what has an offset is
        converted."""
        text = self.text(node, name, required)
        return _instant(name, text) if text else None

    @overload
    def day(self, node: Node, name: str, required: Literal[True] = True) -> date: ...
    @overload
    def day(self, node: Node, name: str, required: Literal[False]) -> date | None: ...
    def day(self, node: Node, name: str, required: bool = True) -> date | None:
        """A date; of a date with a time, its day."""
        text = self.text(node, name, required)
        return _instant(name, text).date() if text else None

    def end(self, node: Node, name: str, required: bool = False) -> datetime | None:
        """When something ends; None where nothing is told, or what never comes (9999-12-31)."""
        text = self.text(node, name, required)
        return _instant(name, text) if text and not is_open_end(text) else None

    def last_day(self, node: Node, name: str, required: bool = False) -> date | None:
        """The day of such an end."""
        found = self.end(node, name, required)
        return found.date() if found else None

    @property
    def today(self) -> date:
        """The day of `now` in Shanghai."""
        return day_in_china(self.now)


def same_code(code: str, told: str) -> bool:
    """Whether a code is the one that was told: a client that keeps codes as numbers drops zeros."""
    return code == told or code.lstrip("0") == told.lstrip("0")


def parse_scaled(text: str, decimals: int) -> int | None:
    """A decimal number times ten to the power of `decimals`, None if it is not a whole one.

    Rounds:  what binary floats leave of an amount (0.30000000000000004, 2.8e-14 for nothing): of
             more digits than a float keeps, the nearest whole number, if that is as good as met.
    """
    found = _NUMBER.fullmatch(amount_text(text))
    if found is None:
        return None
    sign, whole, rest, power = found.groups()
    digits, shift = int(whole + (rest or "")), decimals - len(rest or "") + int(power or 0)
    if shift >= 0:
        number = int(f"{digits}{'0' * shift}")
    else:
        unit = int(f"1{'0' * -shift}")
        number = round_half_up(digits, unit)
        missed = abs(digits - number * unit)
        if missed and (digits < 10**MOST_DIGITS or missed * _FLOAT_NOISE > unit):
            return None
    return -number if sign == "-" else number


def _instant(name: str, text: str) -> datetime:
    try:
        made = instant_of(text)
        if not 1900 <= made.year <= LAST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        values = {"value": shown(name, text), "allowed": "yyyy-MM-dd HH:mm:ss"}
        raise Refusal("value_invalid", name, values) from None
    return made


def show_instant(value: datetime | None) -> str | None:
    """An instant as the interface writes it: `2024-01-15 09:30:00` of Shanghai."""
    return str(value.astimezone(CHINA).replace(microsecond=0, tzinfo=None)) if value else None


def show_day(value: date | None) -> str | None:
    """A date as the interface writes it: `2024-01-15`."""
    return value.isoformat() if value else None


@lru_cache(maxsize=1 << 16)
@lru_cache(maxsize=1 << 14)
def yuan(fen: Fen) -> msgspec.Raw:
    """Fen as the number that the interface writes: 452 is 4.52."""
    return decimal(fen, 2)


def decimal(number: int, decimals: int) -> msgspec.Raw:
    """A whole number of 10^-decimals as a JSON number, without any float: 15000, 4 is 1.5000."""
    whole, rest = divmod(abs(number), 10**decimals)
    return msgspec.Raw(f"{'-' if number < 0 else ''}{whole}.{rest:0{decimals}d}")

"""Rules of supervision as data: read, checked, folded from the nation to the area, by date.

A rule says what kind of finding it makes, which detector looks, with which figures, what excuses,
how wide the grey zone is, whether it is live, what money is at stake and which law it rests on. An
area's file may change some keys of a rule above it, or rest it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeAlias

import msgspec
import yaml

from gongji.law.rulebook.law import parents
from gongji.refusals import Problem, RulebookError

RULES = Path(__file__).parent / "rules"
NATION = "000000"
BREACH, SUSPICIOUS = "明确违规", "可疑"
SHADOW, LIVE, RESTING = "影子", "启用", "停用"
INSTITUTION, DOCTOR, PERSON, ACCOUNT = "机构", "医师", "参保人", "账户"
SUBJECTS = (INSTITUTION, DOCTOR, PERSON, ACCOUNT)
Figure: TypeAlias = int | str | list[str]


class LawCited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule rests on."""

    paper: str = msgspec.field(name="文件")
    article: str = msgspec.field(name="条款")


class RuleText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as its file has it; the grey zone is percent above the limit."""

    kind: str = msgspec.field(name="性质")
    detector: str = msgspec.field(name="检测")
    state: str = msgspec.field(name="状态")
    at_stake: str = msgspec.field(name="涉及金额")
    grounds: list[LawCited] = msgspec.field(name="依据")
    points: str = msgspec.field(name="知识点", default="")
    figures: dict[str, Figure] = msgspec.field(name="参数", default_factory=dict)
    excuses: list[str] = msgspec.field(name="例外", default_factory=list)
    grey: int = msgspec.field(name="灰区", default=0)
    subject: str = msgspec.field(name="对象", default="机构")


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: whom it is for, from when, its rules or changes of rules above it."""

    area: str = msgspec.field(name="适用")
    since: date = msgspec.field(name="生效")
    paper: str = msgspec.field(name="文件")
    rules: dict[str, dict[str, object]] = msgspec.field(name="规则")


@dataclass(frozen=True)
class Rule:
    """A rule between two days; `until` is the first day on which it no longer holds."""

    name: str
    kind: str
    detector: str
    state: str
    at_stake: str
    grounds: tuple[str, ...]
    points: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    excuses: tuple[str, ...] = ()
    grey_percent: int = 0
    subject: str = "机构"
    since: date = date.min
    until: date = date.max

    def number(self, name: str, otherwise: int | None = None) -> int:
        """A figure of the rule that is a whole number."""
        found = self.figures.get(name, otherwise)
        if not isinstance(found, int):
            raise KeyError(name)
        return found

    def words(self, name: str) -> list[str]:
        """A figure of the rule that is a list of words."""
        found = self.figures.get(name, [])
        return [str(one) for one in found] if isinstance(found, list) else [str(found)]


def _read(path: Path) -> RulesFile:
    """A file of rules.

    Refuses: RulebookError with what is wrong.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert(found, RulesFile)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise RulebookError([Problem(str(path), 1, "文件", str(error))]) from None


def _texts(area: str, folders: tuple[Path, ...]) -> list[tuple[Path, RulesFile]]:
    """The files of an area and of those above it, the nation's first, each by date."""
    areas = [NATION, *reversed(parents(area))] if area != NATION else [NATION]
    found = []
    for rank, one in enumerate(dict.fromkeys(areas)):
        for folder in (RULES, *folders):
            for path in sorted(folder.glob(f"*/{one}/*.yaml")):
                found.append((rank, _read(path), path))
    found.sort(key=lambda item: (item[1].since, item[0]))
    return [(path, text) for _, text, path in found]


def fold_rules(area: str, folders: tuple[Path, ...] = ()) -> tuple[Rule, ...]:
    """Every rule of an area with the days between which it holds.

    Shape:   a rule that changed stands once for each span; a later file of the same or of a lower
             area changes the keys that it names.
    Refuses: RulebookError.
    """
    spans: dict[str, list[tuple[date, dict[str, object], Path]]] = {}
    for path, text in _texts(area, folders):
        for name, keys in text.rules.items():
            before = spans.setdefault(name, [])
            merged = _merged(before[-1][1] if before else {}, keys)
            before.append((text.since, merged, path))
    rules: list[Rule] = []
    problems: list[Problem] = []
    for name, versions in spans.items():
        for at, (since, keys, path) in enumerate(versions):
            until = versions[at + 1][0] if at + 1 < len(versions) else date.max
            if since >= until:
                continue
            try:
                rules.append(_rule(name, keys, since, until))
            except msgspec.ValidationError as error:
                problems.append(Problem(str(path), 1, name, str(error)))
    if problems:
        raise RulebookError(problems)
    return tuple(rules)


def _merged(before: dict[str, object], keys: dict[str, object]) -> dict[str, object]:
    """The keys of a rule with some changed; figures are changed one by one."""
    merged = before | keys
    earlier, later = before.get("参数"), keys.get("参数")
    if isinstance(earlier, dict) and isinstance(later, dict):
        merged["参数"] = earlier | later
    return merged


def _rule(name: str, keys: dict[str, object], since: date, until: date) -> Rule:
    text = msgspec.convert(keys, RuleText)
    closed = (
        (text.kind, (BREACH, SUSPICIOUS)),
        (text.state, (SHADOW, LIVE, RESTING)),
        (text.subject, SUBJECTS),
    )
    for word, allowed in closed:
        if word not in allowed:
            raise msgspec.ValidationError(f"“{word}”应为 {'、'.join(allowed)}")
    return Rule(
        name=name,
        kind=text.kind,
        detector=text.detector,
        state=text.state,
        at_stake=text.at_stake,
        grounds=tuple(f"{one.paper} {one.article}" for one in text.grounds),
        points=text.points,
        figures=text.figures,
        excuses=tuple(text.excuses),
        grey_percent=text.grey,
        subject=text.subject,
        since=since,
        until=until,
    )

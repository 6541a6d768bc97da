"""One visit from facts to explanation: what `gongji quote` and `gongji.quote` do."""

from collections.abc import Mapping
from pathlib import Path

from gongji.law.checks.library import Library
from gongji.law.compile.parameters_given import check
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import read_amount, read_date, read_visit
from gongji.law.explain.sentences import Explanation, explain
from gongji.refusals import Refusal


def quote(
    facts: Mapping[str, str],
    used: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
) -> Explanation:
    """Settle one visit that is given as texts, and explain it.

    Shape:   `facts` under the names of a visits file (docs/use/facts.md); `used` meters in yuan;
             `settings` figures for open parameters; `folders` of further rulebooks.
    Refuses: every code of gongji.refusals that concerns input, dates, benefits and parameters.
    """
    for column in ("area", "date"):
        if not facts.get(column, "").strip():
            raise Refusal("field_missing", column)
    area = Areas(Library(folders), everywhere=settings).area(facts["area"].strip())
    check(area.laws, settings or {})
    law = area.law(read_date("date", facts["date"]))
    visit = read_visit(facts, law)
    meters = Meters(area.layout)
    for name, text in (used or {}).items():
        use(meters, law, visit, name, read_amount(name, text), area.own_level(law))
    return explain(settle(area, visit, meters))

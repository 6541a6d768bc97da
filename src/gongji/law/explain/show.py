"""An explanation as text, Markdown or JSON."""

from collections.abc import Iterable
from typing import Any

from gongji.law.compile.citations import own_note, said_source
from gongji.law.compile.program import Cite
from gongji.law.engine.engine import MeterReading
from gongji.law.explain.resolved_facts import Resolved, resolved_level, resolved_status
from gongji.law.explain.sentences import Explanation, Sentence, yuan
from gongji.law.explain.used_figures import UsedFigure, used_figures
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.rulebook import OFFICIAL
from gongji.units import date_of, yuan_text


def cited(cites: tuple[Cite, ...]) -> str:
    """Citations in brackets, each article once: 〔楚政规〔2022〕2号 第十三条第二款〕."""
    names = list(dict.fromkeys(c.text for c in cites))
    return f"〔{'；'.join(names)}〕" if names else ""


def cited_alone(cites: Iterable[Cite]) -> str:
    """The same where no notes follow, the articles of a user's own files marked with their hash."""
    names = list(dict.fromkeys(c.marked for c in cites))
    return f"〔{'；'.join(names)}〕" if names else ""


def _notes(explanation: Explanation) -> list[tuple[str, str]]:
    notes = [
        (
            "存疑",
            f"{doubt.question}？采用：{doubt.reading}。另解：{doubt.other}。理由：{doubt.reason}。",
        )
        for doubt in explanation.doubts
    ]
    sources: dict[str, dict[str, None]] = {}
    for cite in explanation.unofficial:
        sources.setdefault(said_source(cite.source), {})[cite.document] = None
    sources.pop(OFFICIAL, None)
    for source, names in sources.items():
        notes.append((source, f"本结果用到{source}的数字，出自：{'、'.join(names)}。"))
    if own := own_note(explanation.unofficial):
        notes.append(("自备", own))
    if explanation.supplied:
        paths = "、".join(supplied_names(explanation))
        notes.append(("设定", f"以下参数由使用者给出，不是规则文件中的数字：{paths}。"))
    return notes


def _moved(explanation: Explanation) -> list[MeterReading]:
    """The meters that the visit moves."""
    return [one for one in explanation.result.readings if one.before != one.after]


def supplied_names(explanation: Explanation) -> list[str]:
    """The figures that the user gave, named by their parameters: 住院支付比例（三级、在职）."""
    law = explanation.result.law
    return list(dict.fromkeys(parameter_name(law, path) for path in explanation.supplied))


def parameter_name(law: Law, path: str) -> str:
    """A parameter of a law by its path (`inpatient_rate.3.active`): 住院支付比例（三级、在职）."""
    code, *values = path.split(".")
    found = {p.value.code: (name, p.value) for name, p in law.all(Parameter).items()}
    name, parameter = found[code]
    known = [law.facts[axis].names for axis in parameter.axes]
    said = [
        known[number].get(text, text) if number < len(known) else text
        for number, text in enumerate(values)
    ]
    return f"{name}（{'、'.join(said)}）" if said else name


def as_text(explanation: Explanation) -> str:
    """Plain text: numbered sentences with citations, meters, notes."""
    lines = [
        f"{number}. {sentence.text}{cited(sentence.cites)}"
        for number, sentence in enumerate(explanation.sentences, start=1)
    ]
    if moved := _moved(explanation):
        lines.append("累计：")
        for reading in moved:
            where = f"（{reading.where}）" if reading.where else ""
            lines.append(f"  {reading.name}{where}：{yuan(reading.before)} → {yuan(reading.after)}")
    lines += [f"【{kind}】{text}" for kind, text in _notes(explanation)]
    return "\n".join(lines)


def as_markdown(explanation: Explanation) -> str:
    """Markdown: a list of sentences, a table of meters, the notes as a quotation."""
    lines = [
        f"{n}. {s.text} *{cited(s.cites)}*" if s.cites else f"{n}. {s.text}"
        for n, s in enumerate(explanation.sentences, start=1)
    ]
    if moved := _moved(explanation):
        lines += ["", "| 累计 | 就诊前 | 就诊后 |", "| --- | ---: | ---: |"]
        for reading in moved:
            where = f"（{reading.where}）" if reading.where else ""
            row = f"{reading.name}{where} | {yuan(reading.before)} | {yuan(reading.after)}"
            lines.append(f"| {row} |")
    for kind, text in _notes(explanation):
        lines += ["", f"> **{kind}** {text}"]
    return "\n".join(lines)


def _cite_json(cite: Cite) -> dict[str, Any]:
    return {
        "document": cite.document,
        "article": cite.article,
        "file": cite.file,
        "line": cite.line,
        "source": cite.source,
    }


def _sentence_json(sentence: Sentence) -> dict[str, Any]:
    return {
        "kind": sentence.kind,
        "text": sentence.text,
        "cites": [_cite_json(c) for c in sentence.cites],
    }


def _resolved_json(fact: Resolved) -> dict[str, str]:
    return {"value": fact.value, "name": fact.name, "by": fact.by}


def _figure_json(figure: UsedFigure) -> dict[str, Any]:
    return {
        "layer": figure.layer,
        "kind": figure.kind,
        "value": figure.value,
        "unit": figure.unit,
        "meter": figure.meter,
        "cites": [_cite_json(cite) for cite in figure.cites],
        "supplied": list(figure.supplied),
    }


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The result and its explanation for machines; amounts in yuan as text with two decimals."""
    result = explanation.result
    return {
        "area": result.law.area,
        "date": str(date_of(result.visit.day)),
        "benefit": result.visit.benefit,
        "rulebook": [book.label for book in result.law.books],
        "resolved": {
            "place": result.law.place,
            "level": _resolved_json(resolved_level(result)),
            "status": _resolved_json(resolved_status(result)),
        },
        "total": yuan_text(result.total_fen),
        "in_scope": yuan_text(result.in_scope_fen),
        "first_self_pay": yuan_text(result.first_self_pay_fen),
        "deductible": yuan_text(result.deductible_fen),
        "layers": {code: yuan_text(paid) for code, paid in result.layers.items()},
        "pool_pays": yuan_text(result.pool_fen),
        "supplements": yuan_text(result.supplements_fen),
        "institution_bears": yuan_text(result.borne_fen),
        "person_pays": yuan_text(result.person_fen),
        "refusal": result.refusal,
        "meters": [
            {
                "meter": reading.code,
                "name": reading.name,
                "where": reading.where,
                "before": yuan_text(reading.before),
                "after": yuan_text(reading.after),
            }
            for reading in result.readings
        ],
        "figures": [_figure_json(figure) for figure in used_figures(result)],
        "explanation": [_sentence_json(sentence) for sentence in explanation.sentences],
        "doubts": [
            {
                "question": doubt.question,
                "reading": doubt.reading,
                "other": doubt.other,
                "reason": doubt.reason,
                "article": doubt.article,
            }
            for doubt in explanation.doubts
        ],
        "unofficial": sorted({cite.document for cite in explanation.unofficial}),
        "supplied": list(explanation.supplied),
        "unread": [{"name": fact.name, "column": fact.column} for fact in explanation.unread],
    }

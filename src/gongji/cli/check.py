"""`gongji check`: rulebooks read, referred, folded, proved, and their examples run."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from gongji.cli.options import json_option, rulebooks_option
from gongji.law.checks.check_rulebooks import (
    AreaReport,
    CheckedChain,
    LawReport,
)
from gongji.law.checks.library import Library
from gongji.law.report.examine import examine
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.jsonschema import rulebook_schema
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import FOREVER
from gongji.law.rulebook.shelf import rulebook_folder
from gongji.refusals import Problem, RulebookError
from gongji.units import date_of

EXIT_PROBLEMS = 2
_MEANT = (".yaml", ".yml", ".yaml.txt", ".yml.txt")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--schema", is_flag=True, help="输出规则文件的 JSON Schema，供编辑器使用。")
@rulebooks_option
@json_option
def command(paths: tuple[Path, ...], schema: bool, folders: tuple[Path, ...], as_json: bool) -> int:
    """检查规则文件：写法、引用、缺漏、重叠、依据，逐分证明每条支付链，并运行文件自带的示例。

    不给 PATH 则检查随程序发布的全部规则；给文件或目录则检查其中的规则。有问题时退出码为 2。

    \b
    例：
      gongji check
      gongji check 我的规则/530000/530100/2025-01-01.yaml
      gongji check --schema > rulebook.schema.json
    """
    if schema:
        click.echo(json.dumps(rulebook_schema(), ensure_ascii=False, indent=1))
        return 0
    library, files = _chosen(paths, folders)
    found = examine(library, files)
    reports, problems, examples = found.reports, found.problems, found.examples
    if not problems and not reports and all(path.parent.name != NATION for path in files):
        message = "没有检查到任何统筹区的规则；规则文件应放在 省代码/统筹区代码/施行日期.yaml"
        problems = [Problem(str(paths[0] if paths else ""), 1, "目录", message)]
    if as_json:
        told = _json(reports, problems, examples)
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _print(reports, problems, examples)
    return EXIT_PROBLEMS if problems else 0


def _chosen(paths: tuple[Path, ...], folders: tuple[Path, ...]) -> tuple[Library, list[Path]]:
    """The library that holds the chosen files, and these files.

    A folder may be a rulebook folder, one above it, a province's or an area's; a file lies in a
    folder named after its area.
    """
    roots: dict[Path, None] = {}
    files: dict[Path, None] = {}
    for path in paths:
        if path.name in ("", "..") or not (path.is_dir() or path.parent != Path()):
            path = path.resolve()
        root = rulebook_folder(path if path.is_dir() else path.parent)
        inside = [path]
        if path.is_dir():
            inside = [one for one in sorted(root.glob("**/*")) if _is_meant(one)]
            inside = [one for one in inside if one.is_relative_to(path)]
        if not inside:
            raise RulebookError([Problem(str(path), 1, "目录", "没有规则文件（*.yaml）")])
        roots[root] = None
        files |= dict.fromkeys(inside)
    library = Library((*roots, *folders))
    return library, list(files) if paths else library.files()


def _is_meant(path: Path) -> bool:
    """Whether a file was meant as a rulebook, also where its name keeps it from being read."""
    own = not path.name.startswith((".", "~$"))
    return own and path.name.lower().endswith(_MEANT) and path.is_file()


def _print(reports: list[AreaReport], problems: list[Problem], examples: Counter[str]) -> None:
    for report in reports:
        _print_area(report, examples)
    for problem in problems:
        click.echo(f"✗ {problem}")
    if problems:
        click.echo(f"{len(problems)} 处问题")
    else:
        chains = sum(len(law.chains) for report in reports for law in report.laws)
        proved = sum(len(law.where(proved=True)) for report in reports for law in report.laws)
        click.echo(
            f"没有问题：{len(reports)} 个统筹区，{chains} 条支付链（{proved} 条已证明），"
            f"{examples.total()} 个示例"
        )


def _print_area(report: AreaReport, examples: Counter[str]) -> None:
    own = [book for book in report.books if book.head.area == report.area]
    place = own[-1].head.place if own else ""
    click.echo(f"{report.area} {place}")
    for book in own:
        until = "" if book.head.until >= FOREVER - 1 else f" 至 {date_of(book.head.until)}"
        origin = "" if book.head.source == "官方" else f"，{book.head.source}"
        click.echo(f"  {book.head.number}（{date_of(book.head.since)} 起{until}{origin}）")
    if report.problems:
        click.echo(f"  ✗ {len(report.problems)} 处问题，见后")
    ran = sum(examples[book.id] for book in own)
    click.echo(f"  {'✓' if ran else '·'} 示例 {ran} 个")
    for law in report.laws:
        _print_law(law)
    for cliff in report.cliffs:
        click.echo(f"  ! 规则自带的跳变：{cliff.sentence}（{cliff.document} {cliff.article}）")
    for book in own:
        for name, doubt in book.doubts.items():
            click.echo(f"  ? 存疑 {name}（{doubt.article}）：{doubt.reading}")
    for name, parameter in _open_parameters(report).items():
        click.echo(f"  · 待定参数 {parameter.code}（{name}，{parameter.article}）")
    click.echo("")


def _print_law(report: LawReport) -> None:
    law = report.law
    until = "今" if law.until >= FOREVER else str(date_of(law.until - 1))
    proved, open_chains = report.where(proved=True), report.where(proved=False)
    gaps = f"{len(report.gaps)} 处空档" if report.gaps else "无空档、无重叠"
    click.echo(f"  {date_of(law.since)} 至 {until}：{report.cells} 个单元，{gaps}")
    if proved:
        points = sum(chain.proof.points for chain in proved if chain.proof)
        click.echo(
            f"  ✓ {len(proved)} 条支付链已证明：费用每升一分，支付与个人负担都不降，支付不超过费用"
            f"（{_benefits(proved)}；{points} 个费用点）"
        )
    for chain in proved:
        if chain.proof and chain.proof.uncovered:
            click.echo(f"  未证明 {chain.benefit}：{chain.proof.uncovered}")
    for benefit in dict.fromkeys(chain.benefit for chain in open_chains):
        chains = [chain for chain in open_chains if chain.benefit == benefit]
        opens = dict.fromkeys(path.split(".")[0] for chain in chains for path in chain.opens)
        supposed = sum(chain.supposed for chain in chains)
        also = f"；按示例的设定已证明 {supposed} 条" if supposed else ""
        click.echo(f"  未证明 {benefit} {len(chains)} 条：待定 {'、'.join(opens)}{also}")


def _benefits(chains: list[CheckedChain]) -> str:
    counted = Counter(chain.benefit for chain in chains)
    return "、".join(f"{name} {count}" for name, count in counted.items())


def _open_parameters(report: AreaReport) -> dict[str, provision_kinds.Parameter]:
    """The parameters that no document of the area gives, by name."""
    found = {}
    for law in report.laws:
        for name, provision in law.law.all(provision_kinds.Parameter).items():
            parameter = provision.value
            if parameter.value is None and not parameter.years:
                found[name] = parameter
    return found


def _json(
    reports: list[AreaReport], problems: list[Problem], examples: Counter[str]
) -> dict[str, Any]:
    return {
        "problems": [vars(problem) for problem in problems],
        "areas": [
            {
                "area": report.area,
                "rulebooks": [
                    {
                        "rulebook": book.id,
                        "document": book.head.number,
                        "source": book.head.source,
                        "examples": examples[book.id],
                        "doubts": {name: doubt.reading for name, doubt in book.doubts.items()},
                    }
                    for book in report.books
                ],
                "laws": [_law_json(law) for law in report.laws],
                "cliffs": [vars(cliff) for cliff in report.cliffs],
                "open_parameters": {
                    parameter.code: name for name, parameter in _open_parameters(report).items()
                },
            }
            for report in reports
        ],
    }


def _law_json(report: LawReport) -> dict[str, Any]:
    until = report.law.until
    return {
        "since": str(date_of(report.law.since)),
        "until": None if until >= FOREVER else str(date_of(until - 1)),
        "cells": report.cells,
        "chains": [
            {
                "benefit": chain.benefit,
                "cells": chain.cells,
                "proved": bool(chain.proof and not (chain.proof.broken or chain.proof.uncovered)),
                "open": chain.opens,
                "proved_as_supposed": chain.supposed,
            }
            | ({"states": chain.proof.states, "points": chain.proof.points} if chain.proof else {})
            for chain in report.chains
        ],
    }

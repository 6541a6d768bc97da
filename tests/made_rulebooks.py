"""Rulebooks written for a test: a document with its head, in a folder of its area."""

from pathlib import Path

from gongji.law.checks.library import Library

AREA = "629900"


def head(since: str = "2023-01-01", number: str = "某政〔2023〕1号", more: str = "") -> str:
    """The section 文件 of a document; `more` are further lines of it."""
    return (
        f'文件:\n  名称: 某市办法\n  文号: {number}\n  统筹区: "{AREA}"\n  地名: 某市\n'
        f"  施行: {since}\n  来源: 演示\n  出处: 测试\n{more}"
    )


def write(folder: Path, text: str, since: str = "2023-01-01", area: str = AREA) -> Path:
    """A document as a file; the text says its head itself."""
    path = folder / f"{area[:2]}0000" / area / f"{since}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(f'"{AREA}"', f'"{area}"'), encoding="utf-8")
    return path


def library(folder: Path, *texts: str, since: str = "2023-01-01") -> Library:
    """A library with one more area, of one document."""
    write(folder, head(since) + "".join(texts), since)
    return Library([folder])

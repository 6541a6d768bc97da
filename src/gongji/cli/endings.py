"""How a command ends that could not do what was asked: its exit code, and what it says of it."""

import errno
import sys
from dataclasses import dataclass
from typing import Any

import click

from gongji.cli.exit_codes import KINDS, REFUSED, WRONG_FILE
from gongji.cli.extras import missing_sentence
from gongji.cli.usage import usage_problem
from gongji.refusals import Fault, Refusal, RulebookError
from gongji.refusals.figures import FIGURES

OS_REASONS = {
    errno.ENOENT: "文件或目录不存在",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "不可写",
    errno.ENOSPC: "磁盘已满；请腾出空间后再运行",
    errno.EDQUOT: "超过了磁盘配额；请腾出空间后再运行",
    errno.EFBIG: "超过了允许的文件大小",
    errno.EISDIR: "是目录，不是文件",
}
"""What the system says of files, for people."""


@dataclass(frozen=True)
class Ending:
    """An exit code with a sentence for people and an object for machines."""

    code: int
    sentence: str
    machine: dict[str, Any]


def ending_of_error(error: Exception) -> Ending | None:
    """How a command ends that raised an error; None for one that nobody has foreseen."""
    if isinstance(error, click.exceptions.Abort):
        return _of_kind("interrupted", "已中止；没有写完的文件都已删去")
    if isinstance(error, click.UsageError):
        return _of_kind("usage", usage_problem(error))
    if isinstance(error, click.ClickException):
        machine = {"error": "refused", "reason": error.format_message()}
        return Ending(error.exit_code, error.format_message(), machine)
    if isinstance(error, Refusal):
        word = "无法计算" if error.code in FIGURES else "不予受理"
        return Ending(REFUSED, f"{word}（{error.code}）：{error}", error.as_json())
    if isinstance(error, RulebookError):
        problems = [vars(problem) for problem in error.problems]
        sentence = f"文件有 {len(problems)} 处问题：\n{error}"
        return Ending(WRONG_FILE, sentence, {"problems": problems})
    if isinstance(error, OSError):
        return _of_kind("file", f"无法读写文件：{error.filename or ''} {_reason(error)}")
    if isinstance(error, Fault):
        return _of_kind("fault", f"故障：{error}")
    if isinstance(error, ModuleNotFoundError) and missing_sentence(error.name or ""):
        return _of_kind("missing_extra", missing_sentence(error.name or ""))
    if said := _of_database(error):
        return _of_kind("fault", f"故障：{said}")
    return None


def _of_kind(kind: str, sentence: str) -> Ending:
    return Ending(KINDS[kind], sentence, {"error": kind, "reason": sentence})


def _reason(error: OSError) -> str:
    return OS_REASONS.get(error.errno or 0, error.strerror or str(error))


def _of_database(error: Exception) -> str:
    """What is wrong with the database, if that is it; its library is known where it was used."""
    library = sys.modules.get("psycopg")
    if library is None:
        return ""
    if isinstance(error, library.OperationalError):
        return f"数据库连不上或中断：{error}"
    if isinstance(error, library.errors.UndefinedTable):
        return "数据库里还没有建好表；请等 gongji serve 第一次启动完成后再试"
    return ""

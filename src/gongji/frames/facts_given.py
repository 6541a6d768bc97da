"""Values of Python (numbers, dates, Decimals, truths, nothing) as the texts that the law reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gongji.refusals import Refusal
from gongji.tabular.cell_forms import CellProblem, text_of


def fact_text(column: str, value: object) -> str:
    """A value of Python as the text that the law reads; nothing as an empty text.

    Refuses: cell_unreadable for what is neither number, text, date, truth nor nothing.
    """
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if value != value or type(value).__name__ == "NAType":
        return ""
    try:
        return text_of(value)
    except CellProblem as error:
        raise Refusal("cell_unreadable", column, {"reason": str(error)}) from None


def texts_of(values: Mapping[str, object] | None) -> dict[str, str]:
    """Values by name as the texts that the law reads; nothing is left out."""
    found = {name: fact_text(name, value) for name, value in (values or {}).items()}
    return {name: text for name, text in found.items() if text}


def paths_of(folders: "Sequence[str | Path]") -> tuple[Path, ...]:
    """Folders of rulebooks as paths; one alone may be given as it is."""
    return tuple(Path(one) for one in ([folders] if isinstance(folders, str | Path) else folders))

"""`gongji --docs`: where the documentation lies, or a page of it.

It is installed beside the program; from the sources it is the folder `docs`.
"""

import sys
import sysconfig
from pathlib import Path

import click

from gongji.refusals import Refusal


def docs_folder() -> Path:
    """The folder of the documentation."""
    sources = Path(__file__).parents[3] / "docs"
    if (sources / "use").is_dir():
        return sources
    places = {Path(sysconfig.get_path("data")), Path(sys.prefix)}
    found = [place / "share" / "doc" / "gongji" for place in sorted(places)]
    return next((folder for folder in found if folder.is_dir()), found[0])


def show_docs(context: click.Context, parameter: click.Parameter, page: str | None) -> None:
    """Print where the documentation lies, or a page by its name.

    Refuses: value_invalid for a page that there is not.
    """
    if page is None or context.resilient_parsing:
        return
    folder = docs_folder()
    if not page:
        click.echo(folder)
        context.exit()
    wanted = page.removeprefix("docs/").removesuffix(".md")
    pages = {str(path.relative_to(folder).with_suffix("")): path for path in folder.rglob("*.md")}
    named = [path for name, path in sorted(pages.items()) if wanted in (name, name.split("/")[-1])]
    if not named:
        raise Refusal(
            "value_invalid", "--docs", {"value": page, "allowed": "、".join(sorted(pages))}
        )
    click.echo(named[0].read_text(encoding="utf-8"))
    context.exit()

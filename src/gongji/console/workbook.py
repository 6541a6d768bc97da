"""A list as an Excel file that the browser keeps."""

from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from gongji.tabular.text_workbooks import TYPE, text_workbook


def workbook(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """The rows under their head."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return HttpResponse(text_workbook([(None, head, rows)]), content_type=TYPE, headers=headers)

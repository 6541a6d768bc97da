"""Curves: their points are settlements, their picture can be looked at anywhere."""

from pathlib import Path
from typing import Any

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.report import picture
from gongji.law.report.curve import Curve, curves
from gongji.refusals import Refusal
from gongji.units import parse_day, parse_fen

LIBRARY = Library()


def drawn(code: str, date: str, to: str = "", settings: Any = None, **facts: str) -> list[Curve]:
    """The curves of an area on a day."""
    area = Areas(LIBRARY, everywhere=settings).area(code)
    row = {"date": date, "benefit": "ordinary", **facts}
    return curves(area, area.law(parse_day(date)), row, parse_fen(to) if to else None)


def test_points_are_what_the_law_pays() -> None:
    """Shaoyang, active, level 3: nothing up to 300, then 60 %, 1,500 from 2,800 on."""
    found = drawn("430500", "2023-02-01", "4800")
    line = next(c for c in found if (c.status, c.levels) == ("active", ("三级",)))
    paid = dict(line.points)
    for cost, pays in (("300", "0"), ("1300", "600"), ("2800", "1500"), ("4800", "1500")):
        assert paid[parse_fen(cost)] == parse_fen(pays)
    assert line.documents == ("邵市政办发〔2022〕22号",)


def test_levels_that_are_paid_alike_share_a_line() -> None:
    """Panzhihua: levels 1 and 2 alike, pharmacies like level 3; Chuxiong's chronic benefit all."""
    names = [(c.status, c.name) for c in drawn("510400", "2023-03-01")]
    assert names == [
        ("active", "一级、二级"),
        ("active", "三级、药店"),
        ("retired", "一级、二级"),
        ("retired", "三级、药店"),
    ]
    chronic = drawn("532300", "2023-03-01", benefit="chronic")
    assert [c.name for c in chronic] == ["各级", "各级"]


def test_a_line_ends_to_the_fen_where_a_parameter_is_missing() -> None:
    """Chuxiong, level 1: 10,030 yuan use up the 6,000; a fen more needs the inpatient rate."""
    line = drawn("532300", "2023-03-01")[0]
    assert line.points[-1] == (parse_fen("10030"), parse_fen("6000"))
    assert line.missing == "住院支付比例（inpatient_rate）"


def test_a_refused_level_is_left_out_and_a_benefit_that_is_not_offered_refused() -> None:
    """Special diseases are paid from level 2 up; Yunfu has no chronic benefit."""
    settings = {
        "inpatient_deductible": "1200",
        "inpatient_rate": "85%",
        "inpatient_ceiling": "50000",
    }
    special = drawn("532300", "2023-03-01", settings=settings, benefit="special")
    assert {c.name for c in special} == {"二级、三级"}
    with pytest.raises(Refusal) as refused:
        drawn("445300", "2023-03-01", benefit="chronic")
    assert refused.value.code == "benefit_not_offered"


def test_the_picture_has_every_kink_in_view() -> None:
    """Without an end given, the last stretch of every line is flat."""
    for line in drawn("445300", "2024-05-01", settings={"average_wage": "96957"}):
        assert line.points[-1][1] == line.points[-2][1] == parse_fen("1939")


def test_an_svg_keeps_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Chinese font the text is text with a generic family, and nothing warns."""
    monkeypatch.setattr(picture, "FONTS", ())
    path = tmp_path / "sy.svg"
    found = drawn("430500", "2023-02-01", "3000")
    picture.draw(found, "邵阳市", "2023-02-01", path, None)
    text = path.read_text(encoding="utf-8")
    for words in ("邵阳市", "在职", "退休", "一级", "三级", "sans-serif"):
        assert words in text
    picture.draw(found, "邵阳市", "2023-02-01", tmp_path / "again.svg", None)
    assert text == (tmp_path / "again.svg").read_text(encoding="utf-8")


def test_a_png_needs_a_chinese_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal says what to install."""
    monkeypatch.setattr(picture, "FONTS", ())
    with pytest.raises(picture.NoFont, match="fonts-noto-cjk"):
        picture.draw(drawn("430500", "2023-02-01", "3000"), "", "", tmp_path / "sy.png", None)
    assert not list(tmp_path.iterdir())

"""Pages about the rules: every figure with its article, the text beside it, two side by side."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

from gongji.law.checks.library import Library
from gongji.law.rulebook.law import NATION
from gongji.units import date_of, parse_day

CHINESE = re.compile("[\u3400-\u9fff]")
AREAS = {code: Library().books(code) for code in Library().areas()}
DAYS = sorted(
    {
        (code, str(date_of(book.head.since)))
        for code, books in AREAS.items()
        for book in books
        if book.head.area != NATION
    }
)


@pytest.mark.parametrize(("code", "day"), DAYS)
def test_each_area_shows_every_figure_with_its_article(client: Any, code: str, day: str) -> None:
    from gongji.law.report.effects import effects
    from gongji.platform.installation import installed_areas
    from gongji.portal import area_tables

    page = html.unescape(client.get(f"/areas/{code}?at={day}").content.decode())
    area = installed_areas().area(code, {})
    law = area.law(parse_day(day))
    tables = effects(area, law, law.since)
    for benefit in area_tables.benefits(area, law, law.since, tables):
        assert benefit.name in page and (benefit.rows or benefit.onward)
        for row in benefit.rows:
            for cell in row.cells:
                assert cell.text in page
                assert cell.links or cell.text == "—", (benefit.name, row)
    for book in law.books:
        assert book.head.title in page and book.head.number in page
        for doubt in book.doubts.values():
            assert doubt.question in page


def test_figures_in_doubt_and_figures_that_are_not_official_are_marked(client: Any) -> None:
    page = client.get("/areas/430500?at=2023-02-01").content.decode()
    assert '<a class="doubt" href="#doubts"><mark>存疑：起付线累计</mark></a>' in page
    page = client.get("/areas/430500?at=2023-07-01").content.decode()
    assert "<mark>非官方</mark>" in page


def test_the_tables_of_an_area_are_in_english_too(client: Any) -> None:
    page = client.get("/areas/430500?at=2023-02-01", headers={"accept-language": "en"})
    text = re.sub(
        r"<(\w+)[^>]*lang=\"zh-Hans\"[^>]*>.*?</\1>", "", page.content.decode(), flags=re.DOTALL
    )
    assert "¥1,500.00" in text and "Employees&#x27; outpatient pool" in text
    assert not re.findall(r">[^<>]*[\u3400-\u9fff][^<>]*<", text.partition("</main>")[0])


def test_a_county_has_the_rules_of_its_city_and_nowhere_has_none(client: Any) -> None:
    assert "临沧市" in client.get("/areas/530925?at=2025-01-01").content.decode()
    assert client.get("/areas/999999").status_code == 404
    nowhere = client.get("/areas/x")
    assert nowhere.status_code == 404 and "没有这一页" in nowhere.content.decode()
    early = client.get("/areas/430500?at=2020-01-01")
    assert early.status_code == 404 and "不在统筹区 430500 规则的有效期内" in early.content.decode()
    assert client.get("/areas/430500?at=yesterday").status_code == 404


@pytest.mark.parametrize("code", AREAS)
def test_each_citation_of_each_area_opens_a_text(client: Any, code: str) -> None:
    page = client.get(f"/areas/{code}").content.decode()
    links = set(re.findall(r'<a class="cite" href="([^"]+)"', page))
    assert len(links) > 3
    for link in links:
        path, anchor = html.unescape(link).split("#")
        answer = client.get(f"{path}/{anchor}")
        assert answer.status_code == 200, link


def test_the_texts_are_whole_and_official() -> None:
    from gongji.law.report.register import NUMERALS
    from gongji.portal import official_texts

    library = Library()
    whole = 0
    for path in library.files():
        found = official_texts.document(library.book(path))
        numbers = [NUMERALS[a.name] for a in found.articles if a.paragraphs and a.name in NUMERALS]
        if path.parent.name == NATION:
            assert numbers == [30]
        elif numbers:
            whole += 1
            assert numbers == list(range(1, len(numbers) + 1)), path
            assert all(article.note for article in found.articles), path
            assert not any("http" in line for a in found.articles for line in a.paragraphs)
    assert whole == 4
    for path in Path(library.folders[-1]).glob("*/*/texts/*.md"):
        assert (path.parents[1] / f"{path.stem}.yaml").exists()


def test_two_dates_side_by_side_show_what_differs(client: Any) -> None:
    page = client.get("/compare?a=430500@2022-11-01&b=430500@2023-06-01").content.decode()
    rules = page.partition('id="rules"')[2]
    assert ">50 元<" in rules and "每次起付" in rules and ">1,500 元<" not in rules
    whole = client.get("/compare?a=430500@2022-11-01&b=430500@2023-06-01&all=1").content.decode()
    assert ">1,500 元<" in whole and len(whole) > 2 * len(page)
    wrong = client.get("/compare?a=430500@2020-01-01&b=999999@2023-06-01").content.decode()
    assert "不在统筹区 430500" in wrong and "没有统筹区 999999" in wrong
    same = client.get("/compare?a_area=510400&a_date=2023-01-01&b_area=510400&b_date=2024-01-01")
    assert "不同 0" in same.content.decode()


def test_the_curve_is_a_picture_in_the_language_asked_for(client: Any) -> None:
    answer = client.get("/areas/430500/curve.svg?at=2023-02-01")
    assert answer["Content-Type"] == "image/svg+xml" and "报多少（元）" in answer.content.decode()
    english = client.get(
        "/areas/430500/curve.svg?at=2023-02-01", headers={"accept-language": "en"}
    ).content.decode()
    assert "what the pool pays (yuan)" in english and not CHINESE.search(english)
    for wrong in ("at=2020-01-01", "at=2023-02-01&benefit=x", "benefit=day_surgery"):
        assert client.get("/areas/430500/curve.svg?" + wrong).status_code == 404


def test_the_language_is_kept_and_leads_to_no_other_site(client: Any) -> None:
    answer = client.post("/language", {"language": "en", "next": "/areas"})
    assert answer["Location"] == "/areas"
    assert "Rules by area" in client.get("/areas").content.decode()
    evil = client.post("/language", {"language": "zh-hans", "next": "//elsewhere.example/"})
    assert evil["Location"] == "/"
    assert client.post("/language", {"language": "xx"}).status_code == 302
    assert "各统筹区的规则" in client.get("/areas").content.decode()


def test_pages_may_load_nothing_from_elsewhere(client: Any) -> None:
    for path in ("/", "/areas", "/compare", "/sign-in"):
        policy = client.get(path)["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    answer = client.get("/static/portal/portal.css")
    assert answer.status_code == 200 and "max-age" in answer["Cache-Control"]

"""The public interface field by field: what each operation gives, against the rulebooks' own lines.

Rulebooks are read here as plain YAML, so that the interface is not compared with itself.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import gongji

FOLDER = Path(gongji.__file__).parent / "rulebooks"
FILES = {
    (str(head["文件"]["统筹区"]), path.stem): (path, head)
    for path in sorted(FOLDER.glob("*/*/*.yaml"))
    for head in [yaml.safe_load(path.read_text("utf-8"))]
}
DOCUMENT = ["rulebook", "number", "title", "since", "until", "source"]


def post(client: Any, **body: Any) -> Any:
    """The answer to a quote."""
    return client.post("/api/v1/quote", json.dumps(body), content_type="application/json")


def document(area: str, day: str) -> dict[str, Any]:
    """A document as its file heads it."""
    head = FILES[area, day][1]["文件"]
    until = head.get("有效期至")
    return {
        "rulebook": f"{area}@{day}",
        "number": head["文号"],
        "title": head["名称"],
        "since": str(head["施行"]),
        "until": str(until) if until else None,
        "source": head["来源"],
    }


def test_the_areas_come_with_their_dates_and_documents(client: Any) -> None:
    found = client.get("/api/v1/areas").json()
    assert [one["area"] for one in found] == [
        "430500",
        "445300",
        "510400",
        "530000",
        "530900",
        "532300",
    ]
    listed = {one["area"]: one for one in found}
    assert [one["place"] for one in found] == [
        "湖南省邵阳市",
        "广东省云浮市",
        "四川省攀枝花市",
        "云南省",
        "云南省临沧市",
        "云南省楚雄彝族自治州",
    ]
    documents = {
        "430500": [("430500", "2022-11-01"), ("430500", "2023-06-01")],
        "445300": [("445300", "2022-09-01")],
        "510400": [("510400", "2023-01-01")],
        "530000": [("530000", "2024-11-01")],
        "530900": [("530900", "2023-01-01"), ("530000", "2024-11-01")],
        "532300": [("532300", "2022-07-01"), ("530000", "2024-11-01")],
    }
    for code, own in documents.items():
        told = sorted(listed[code]["documents"], key=lambda one: one["since"])
        assert told == [document("000000", "2011-07-01"), *(document(*one) for one in own)]
        assert list(told[0]) == DOCUMENT
    assert "2022-11-01" in listed["430500"]["covered"]
    assert (
        "2022-09-01" in listed["445300"]["covered"] and "2025-12-31" in listed["445300"]["covered"]
    )
    assert set(listed["430500"]) == {"area", "place", "covered", "documents"}


ON = [
    ("430500", "2022-11-01"),
    ("430500", "2023-05-31"),
    ("430500", "2023-06-01"),
    ("445300", "2025-12-31"),
    ("510400", "2023-01-01"),
    ("530900", "2024-10-31"),
    ("530900", "2024-11-01"),
    ("532300", "2024-10-31"),
    ("532300", "2024-11-01"),
]


@pytest.mark.parametrize(("area", "day"), ON)
def test_each_figure_stands_in_the_line_that_it_names(client: Any, area: str, day: str) -> None:
    rules = client.get(f"/api/v1/areas/{area}/rules?at={day}").json()
    assert (rules["area"], rules["at"]) == (area, day)
    assert set(rules) == {"area", "place", "at", "documents", "figures"}
    in_force = [one["rulebook"] for one in rules["documents"]]
    assert all(one == document(*one["rulebook"].split("@")) for one in rules["documents"])
    numbers = {one["number"] for one in rules["documents"]}
    assert len(rules["figures"]) > 30 and len(set(in_force)) == len(in_force)
    for figure in rules["figures"]:
        path = next(p for p, _ in FILES.values() if str(p).endswith(figure["file"]))
        head = FILES[path.parent.name, path.stem][1]
        told_by = set(re.findall(r"出自: ([^,}\n]+)", path.read_text("utf-8")))
        assert (
            figure["document"] in {head["文件"]["文号"], *told_by}
            and head["文件"]["文号"] in numbers
        )
        lines = path.read_text("utf-8").split("\n")
        near = "".join(lines[figure["line"] - 1 : figure["line"] + 9])
        bare = figure["text"].replace("元", "").replace(",", "").partition("；")[0]
        if bare.replace(".", "").isdigit():
            assert bare in near.replace(",", ""), figure
        assert figure["source"] == next(
            one["source"] for one in rules["documents"] if one["number"] == head["文件"]["文号"]
        )


def test_the_law_changes_on_its_day(client: Any) -> None:
    def at(day: str) -> list[str]:
        rules = client.get(f"/api/v1/areas/532300/rules?at={day}").json()
        return [one["rulebook"] for one in rules["documents"]]

    nation = "000000@2011-07-01"
    assert at("2024-10-31") == [nation, "532300@2022-07-01"]
    assert set(at("2024-11-01")) == {nation, "532300@2022-07-01", "530000@2024-11-01"}


def figures(client: Any, area: str, day: str, **known: Any) -> list[dict[str, Any]]:
    """The figures with some of their fields."""
    rules = client.get(f"/api/v1/areas/{area}/rules?at={day}").json()
    return [one for one in rules["figures"] if all(one[k] == v for k, v in known.items())]


def test_a_figure_has_every_field(client: Any) -> None:
    text = FILES["430500", "2022-11-01"][0].read_text("utf-8").split("\n")
    named = [n for n, line in enumerate(text, 1) if "在职: 1500元, 退休: 2000元" in line]
    (one,) = figures(client, "430500", "2023-02-01", text="1500元")
    assert one["where"] == {"参保状态": "在职"}
    assert (one["article"], one["document"]) == ("第六条第一款", "邵市政办发〔2022〕22号")
    assert named[0] - 2 <= one["line"] <= named[0] and one["source"] == "官方"
    assert one["section"] == "待遇" and one["doubts"] == [] and one["open"] == ""
    assert "普通门诊" in one["name"] and "最高支付限额" in one["item"]
    assert (one["value"], one["unit"]) == ("1500.00", "yuan")
    rates = figures(client, "430500", "2023-02-01", text="60%")
    assert {(rate["value"], rate["unit"]) for rate in rates} == {("60", "percent")}
    (retired,) = figures(client, "430500", "2023-02-01", text="2000元")
    assert retired["where"] == {"参保状态": "退休"} and retired["line"] == one["line"]
    doubted = figures(client, "430500", "2023-02-01", text="300元")
    assert {tuple(f["doubts"]) for f in doubted} == {("起付线累计",)}
    opened = [f for f in figures(client, "430500", "2023-02-01") if f["open"]]
    assert {f["open"] for f in opened} >= {"disease_ceiling", "inpatient_ceiling"}
    unofficial = figures(
        client, "430500", "2023-06-01", document="湖南省2023年6月1日起门诊统筹标准"
    )
    assert {f["source"] for f in unofficial} == {"非官方"} and unofficial


@pytest.mark.parametrize("code", sorted({area for area, _ in FILES} - {"530000", "000000"}))
def test_the_articles_are_those_of_register_and_text(client: Any, code: str) -> None:
    found = client.get(f"/api/v1/areas/{code}/articles").json()
    names = {
        "规则": "规则",
        "流程": "流程",
        "不涉及计算": "不涉及计算",
        "数据": "数据",
    }
    for one in found:
        assert set(one) == {"document", "articles"}
        area, day = one["document"]["rulebook"].split("@")
        assert one["document"] == document(area, day)
        register = FILES[area, day][1]["条文"]
        told = {article["article"]: article for article in one["articles"]}
        assert list(told) and set(register) <= set(told)
        for name, entry in register.items():
            article = told[str(name)]
            assert article["note"] == entry.get("说明", ""), name
            assert article["disposition"] == names.get(entry["处置"], entry["处置"])
            keys = entry.get("键", [])
            assert article["keys"] == (keys if isinstance(keys, list) else [keys])
    rulebooks = [one["document"]["rulebook"] for one in found]
    assert len(rulebooks) == len(set(rulebooks))


def test_an_article_has_every_field(client: Any) -> None:
    (nation, chuxiong, _) = client.get("/api/v1/areas/532300/articles").json()
    first, *items = [one["article"] for one in nation["articles"]]
    assert first == "第三十条" and all(one.startswith("经办条例第") for one in items)
    text = (FOLDER / "530000" / "532300" / "texts" / "2022-07-01.md").read_text("utf-8")
    article = next(one for one in chuxiong["articles"] if one["article"] == "第十三条")
    assert set(article) == {"article", "chapter", "title", "text", "disposition", "note", "keys"}
    assert article["chapter"] and f"## {article['chapter'].split('　')[0]}" in text
    assert len(article["text"]) >= 3
    for paragraph in article["text"]:
        assert paragraph in text
    after = text[text.index("### 第十三条") :].partition("### 第十四条")[0]
    assert [
        line.strip() for line in after.split("\n")[1:] if line.strip() and not line.startswith("#")
    ] == article["text"]
    assert article["disposition"] == "规则"
    assert "待遇.普通门诊" in article["keys"]


def test_a_county_is_answered_with_the_area_it_belongs_to(client: Any) -> None:
    rules = client.get("/api/v1/areas/530925/rules?at=2025-01-01").json()
    assert (rules["area"], rules["place"]) == ("530925", "云南省临沧市")
    assert rules["figures"] == figures(client, "530900", "2025-01-01")
    county = client.get("/api/v1/areas/530925/articles").json()
    assert county == client.get("/api/v1/areas/530900/articles").json()


REFUSED = {
    "/areas/999999/rules": (404, "area_unknown", "area"),
    "/areas/999999/articles": (404, "area_unknown", "area"),
    "/areas/430500/rules?at=2022-10-31": (422, "date_outside", "at"),
    "/areas/430500/rules?at=2023-02-29": (422, "value_invalid", "at"),
    "/areas/430500/rules?at=20230231": (422, "value_invalid", "at"),
    "/areas/43050/rules": (422, "value_invalid", "path.code"),
    "/areas/4305000/articles": (422, "value_invalid", "path.code"),
    "/areas/43050x/rules": (422, "value_invalid", "path.code"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_says_code_field_and_sentence(client: Any, path: str) -> None:
    answer = client.get("/api/v1" + path)
    told = answer.json()
    assert set(told) == {"type", "title", "status", "detail", "refusal", "field", "reason"}
    assert told["reason"] and told["status"] == answer.status_code
    assert (answer.status_code, told["refusal"], told["field"]) == REFUSED[path]

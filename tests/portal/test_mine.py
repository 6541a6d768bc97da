"""My pages: a person sees their own and nothing else; bonds are asked for, given and revoked."""

from typing import Any

import psycopg
import pytest
import structlog
from tests.portal.conftest import Family, sign_in

OWN = ("/me", "/me/settlements", "/me/account", "/me/family", "/me/filings")
CHANGES = ("/me/family/ask", "/me/family/give", "/me/family/consent", "/me/family/end")


def another(headers: dict[str, str] | None = None) -> Any:
    """Another visitor."""
    from django.test import Client

    return Client(headers={"accept-language": "zh-CN", "host": "localhost"} | (headers or {}))


@pytest.mark.parametrize("path", [*OWN, "/me/settlements/1"])
def test_nobody_sees_my_pages_without_signing_in(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in?next=")
    for change in CHANGES:
        assert client.post(change).status_code == 302


def test_a_person_sees_their_settlement_with_its_articles(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    page = client.get("/me").content.decode()
    assert "2023" in page and "各级起付（三级）" in page and "测试·甲" in page
    assert f"/me/settlements/{family.settled}" in client.get("/me/settlements").content.decode()
    page = client.get(f"/me/settlements/{family.settled}").content.decode()
    # (800 - 300) x 60 %; 50 outside the catalogue.
    assert "300.00元" in page and "按60%支付300.00元" in page
    assert "/texts/430500/2022-11-01#" in page
    assert "高血压" in client.get("/me/filings").content.decode()


def test_a_settlement_by_other_rules_is_told_as_it_was_worked_out(
    client: Any, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.law.engine.areas import Areas
    from gongji.portal import own_pages

    other = Areas(parameters={"430500": {"disease_ceiling": "1"}})
    monkeypatch.setattr(own_pages, "installed_version", lambda number: other)
    sign_in(client, family.person)
    page = client.get(f"/me/settlements/{family.settled}").content.decode()
    assert "已有改动" in page and "当时的计算" in page and "第六条" in page


def test_a_person_sees_their_own_and_nothing_else(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    answer = client.get(f"/me/settlements/{family.strangers}")
    assert answer.status_code == 404
    for path in OWN:
        page = client.get(path).content.decode()
        assert family.stranger not in page and "测试·丙" not in page, path
        assert f"settlements/{family.strangers}" not in page
        # Names given by the visitor change nothing: whose pages these are is in the session alone.
        same = client.get(path, {"psn_no": family.stranger, "person": "3"}).content.decode()
        assert "测试·丙" not in same
    assert client.get("/me")["Cache-Control"] == "no-store"


def test_a_user_who_is_no_insured_person_sees_nothing(client: Any) -> None:
    from django.contrib.auth import get_user_model

    client.force_login(
        get_user_model().objects.create(username="clerk"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    answer = client.get("/me")
    assert answer.status_code == 403 and "没有看这一页的权限" in answer.content.decode()


def test_a_code_holds_once_and_not_after_five_wrong_ones(client: Any, family: Family) -> None:
    from gongji.portal.sign_in import code_of

    code = code_of(family.person)
    given = {"psn_no": family.person, "code": code}
    assert client.post("/sign-in", given).status_code == 302
    assert another().post("/sign-in", given).status_code == 403
    code = code_of(family.spouse)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        assert another().post("/sign-in", given | {"psn_no": family.spouse, "code": wrong})
    assert another().post("/sign-in", {"psn_no": family.spouse, "code": code}).status_code == 403
    assert another().post("/sign-in", {"psn_no": "clerk", "code": "1"}).status_code == 403


def test_signing_in_leads_to_the_page_asked_for_and_to_no_other_site(
    client: Any, family: Family
) -> None:
    from gongji.portal.sign_in import code_of

    page = client.get("/sign-in?next=/me/family").content.decode()
    assert 'name="next" value="/me/family"' in page
    for asked, found in (("/me/family", "/me/family"), ("https://elsewhere.example/", "/me")):
        given = {"psn_no": family.person, "code": code_of(family.person), "next": asked}
        assert client.post("/sign-in", given)["Location"] == found


def test_there_are_no_codes_outside_a_demonstration(
    client: Any, family: Family, settings_of: Any
) -> None:
    from gongji.portal.sign_in import code_of

    code = code_of(family.person)
    settings_of.GONGJI_DEMO = False
    answer = client.post("/sign-in", {"psn_no": family.person, "code": code})
    assert answer.status_code == 403
    assert code not in client.get("/sign-in").content.decode()


@pytest.fixture
def settings_of() -> Any:
    """Django's settings, as they were afterwards."""
    from django.conf import settings

    before = settings.GONGJI_DEMO
    yield settings
    settings.GONGJI_DEMO = before


def test_every_look_is_logged_with_the_number_shortened(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    with structlog.testing.capture_logs() as told:
        client.get("/me/account")
    looks = [line for line in told if line["event"] == "looked"]
    assert [line["page"] for line in looks] == ["account"]
    assert family.person not in str(told) and looks[0]["person"].startswith("4305***")


def test_the_statement_says_what_there_was_and_what_there_is(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    page = client.get("/me/account?from=2023-01-01&to=2023-12-31").content.decode()
    # 500 at the beginning, less what the account paid of the settlement.
    assert "500.00元" in page and "期末" in page and "结算" in page
    wrong = client.get("/me/account?from=2023-13-01").content.decode()
    assert "2023-13-01" in wrong and 'role="alert"' in wrong


def bonds_of(address: str, psn_no: str) -> list[tuple[Any, ...]]:
    """The bonds of a person as they are known now."""
    with psycopg.connect(address) as connection:
        return connection.execute(
            "select f.key, f.until, f.details->>'consented_on' from person_fact f"
            " join person p on p.id = f.person_id"
            " where p.psn_no = %s and f.kind = 'bond' and f.retired_at is null order by f.id",
            [psn_no],
        ).fetchall()


@pytest.mark.usefixtures("fresh_database")
def test_a_bond_is_asked_for_given_and_revoked(
    client: Any, family: Family, pages_database: str
) -> None:
    sign_in(client, family.person)
    asked = {"psn_no": family.spouse, "name": "测试·乙", "relation": "spouse"}
    wrong = client.post("/me/family/ask", asked | {"name": "测试·丙"})
    assert wrong.status_code == 422 and "没有这个编号和姓名的参保人" in wrong.content.decode()
    oneself = {"psn_no": family.person, "name": "测试·甲", "relation": "spouse"}
    assert "自己的账户" in client.post("/me/family/ask", oneself).content.decode()
    assert client.post("/me/family/ask", asked | {"relation": "friend"}).status_code == 422
    assert client.post("/me/family/ask", asked).status_code == 302
    assert "已经有了" in client.post("/me/family/ask", asked).content.decode()
    assert "等对方同意" in client.get("/me/family").content.decode()
    # What is only asked for is used by no settlement: its consent lies beyond every day.
    assert [row[2] for row in bonds_of(pages_database, family.person)] == ["9999-12-31"]

    number = _number(pages_database, family.person)
    stranger = another()
    sign_in(stranger, family.stranger)
    assert stranger.post("/me/family/consent", {"bond": number}).status_code == 422
    assert stranger.post("/me/family/end", {"bond": number}).status_code == 422
    # Whoever asks cannot consent.
    assert client.post("/me/family/consent", {"bond": number}).status_code == 422

    spouse = another()
    sign_in(spouse, family.spouse)
    page = spouse.get("/me/family").content.decode()
    assert "等我同意" in page and "测试·甲" not in page and "测*" in page
    assert spouse.post("/me/family/consent", {"bond": number}).status_code == 302
    ((owner, until, consented),) = bonds_of(pages_database, family.person)
    assert (owner, until) == (family.spouse, None) and consented < "9999"

    number = _number(pages_database, family.person)
    assert stranger.post("/me/family/end", {"bond": number}).status_code == 422
    assert spouse.post("/me/family/end", {"bond": number}).status_code == 302
    assert bonds_of(pages_database, family.person) == []
    with psycopg.connect(pages_database) as connection:
        kept = connection.execute("select count(*) from person_fact where kind = 'bond'").fetchone()
    assert kept == (2,), "what was asked and given stays known as of its time"


def _number(address: str, psn_no: str) -> int:
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "select f.id from person_fact f join person p on p.id = f.person_id"
            " where p.psn_no = %s and f.kind = 'bond' and f.retired_at is null",
            [psn_no],
        ).fetchone()
    assert row
    return int(row[0])


@pytest.mark.usefixtures("fresh_database")
def test_a_bond_older_than_today_ends_today(family: Family, pages_database: str) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from gongji.people.bonds import BondNumber, BondTerms, end_bond, give_bond
    from gongji.platform.actors import Actor
    from gongji.units import day_in_china

    now, owner = timezone.now(), Actor.person(family.spouse)
    with psycopg.connect(pages_database, autocommit=True) as connection:
        terms = BondTerms(family.stranger, "测试·丙", "child")
        give_bond(connection, terms, actor=owner, now=now - timedelta(days=30))
        number = BondNumber(_number(pages_database, family.stranger))
        end_bond(connection, number, actor=owner, now=now)
    ((_, until, _),) = bonds_of(pages_database, family.stranger)
    assert until == day_in_china(now)


def test_what_cannot_be_bound_is_refused_with_a_code(family: Family, pages_database: str) -> None:
    from django.utils import timezone

    from gongji.people.bonds import BondNumber, BondTerms, ask_bond, end_bond, give_bond
    from gongji.platform.actors import Actor
    from gongji.refusals import Refusal

    told = {"actor": Actor.person(family.person), "now": timezone.now()}
    elsewhere = told | {"actor": Actor.institution("H43050000001")}
    nobody, oneself = (
        BondTerms("1", "测试", "child"),
        BondTerms(family.person, "测试·甲", "child"),
    )
    with psycopg.connect(pages_database, autocommit=True) as connection:
        wrong = {
            "bond_person_unknown": lambda: give_bond(connection, nobody, **told),
            "bond_with_oneself": lambda: ask_bond(connection, oneself, **told),
            "bond_unknown": lambda: end_bond(connection, BondNumber(1 << 40), **told),
            "actor_refused": lambda: ask_bond(connection, oneself, **elsewhere),
        }
        for code, attempt in wrong.items():
            with pytest.raises(Refusal) as refused:
                attempt()
            assert refused.value.code == code


def test_a_form_from_another_site_changes_nothing(family: Family, client: Any) -> None:
    from django.test import Client

    from gongji.portal.sign_in import code_of

    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    given = {"psn_no": family.person, "code": code_of(family.person)}
    assert strict.post("/sign-in", given).status_code == 403
    assert strict.post("/me/family/end", {"bond": "1"}).status_code == 403

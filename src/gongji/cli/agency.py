"""`gongji agency`: an agency's first day, working days, who can finish what, paying persons."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from gongji.cli import agency_payouts, options
from gongji.cli.value_kinds import AREA
from gongji.units import day_in_china, day_of, yuan_text


@click.group(name="agency")
def command() -> None:
    """经办机构：第一天的登记、工作日历、岗位能否办完各项业务；支付个人，债权，扣回。

    \b
    例：
      gongji agency init --area 532300 --name 楚雄州医保中心 --admin guanliyuan=张某
      gongji agency county --area 532300 --code 532301 --name 楚雄市医保中心
      gongji agency calendar 2026.csv --year 2026 --source 通知文号
      gongji agency diseases 病种.csv --area 532300 --since 2025-01-01 --source 文号
      gongji agency coverage --area 532300
      gongji agency payout make --area 532300 --as kuaiji
      gongji agency claims --area 532300
    """


for part in (agency_payouts.payout, agency_payouts.claims, agency_payouts.charged):
    command.add_command(part)


def _named(text: str) -> tuple[str, str]:
    subject, _, name = text.partition("=")
    if not subject or not name:
        raise click.BadParameter(f"“{text}”须写成 账号=姓名")
    return subject, name


@command.command()
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option("--name", required=True, help="市级经办机构的名称。")
@click.option("--admin", required=True, help="系统管理员：账号=姓名。")
@click.option("--security", default="", help="安全管理员：账号=姓名。")
@click.option("--audit", default="", help="审计管理员：账号=姓名。")
@options.json_option
def init(area: str, name: str, admin: str, security: str, audit: str, as_json: bool) -> int:
    """登记市级经办机构和三员，给出各人第一次登录的链接（只显示这一次）。

    \b
    例：
      gongji agency init --area 532300 --name 楚雄州医保中心 --admin guanliyuan=张某
    """
    from gongji.platform.environment import environment
    from gongji.platform.installation import operator, owner_connection
    from gongji.review.posts import PostGrant, grant_post
    from gongji.review.staff import LINK_DAYS, Agency, NewStaff, add_agency, add_staff, holdings

    now, actor = datetime.now(UTC), operator()
    offices = {"administrator": admin, "security_officer": security, "audit_officer": audit}
    people = {post: _named(text) for post, text in offices.items() if text}
    given = environment()
    links: dict[str, str] = {}
    with owner_connection() as connection, connection.transaction():
        made = Agency(area, area, None, "prefecture", name)
        add_agency(connection, made, actor=actor, now=now)
        for post, (subject, called) in people.items():
            new = add_staff(connection, NewStaff(subject, called), actor=actor, now=now)
            today = day_in_china(now)
            if not any(h.post == post for h in holdings(connection, new.staff, today)):
                grant = PostGrant(new.staff, post, area, today)
                grant_post(connection, grant, actor=actor, now=now)
            link = f"http://{given.host}:{given.console_port}/console/first/{new.token}"
            links[subject] = link
    options.tell(
        as_json,
        {"agency": area, "links": links, "days": LINK_DAYS},
        *(f"{called}（{subject}）：{links[subject]}" for subject, called in people.values()),
        f"链接只能用一次，{LINK_DAYS} 天内有效；请当面或另行交给本人。",
        "接下来：规则和参数、定点机构、参保人、期初；岗位由系统管理员申请、安全管理员批准。",
    )
    return 0


@command.command()
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option("--code", required=True, help="县级经办机构的代码。")
@click.option("--name", required=True, help="名称。")
@options.json_option
def county(area: str, code: str, name: str, as_json: bool) -> int:
    """登记一个县级经办机构。

    \b
    例：
      gongji agency county --area 532300 --code 532301 --name 楚雄市医保中心
    """
    from gongji.platform.installation import operator, owner_connection
    from gongji.review.staff import Agency, add_agency

    with owner_connection() as connection:
        made = Agency(code, area, area, "county", name)
        add_agency(connection, made, actor=operator(), now=datetime.now(UTC))
    options.tell(as_json, {"agency": code, "area": area}, f"已登记：{name}（{code}）")
    return 0


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--year", required=True, type=int, help="哪一年。")
@click.option("--source", required=True, help="放假通知的文号。")
@options.json_option
def calendar(file: Path, year: int, source: str, as_json: bool) -> int:
    """录入一年的节假日和调休（列：日期、上班、名称）。

    \b
    例：
      gongji agency calendar 2026.csv --year 2026 --source 通知文号
    """
    from gongji.platform.installation import owner_connection
    from gongji.review.working_days import enter_year, read_calendar

    new = read_calendar(file, year, source)
    with owner_connection() as connection:
        made = enter_year(connection, new)
    said = f"{year} 年：{len(new.days)} 天与周历不同" + ("" if made else "（此前已录入）")
    options.tell(as_json, {"year": year, "days": len(new.days), "new": bool(made)}, said)
    return 0


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="自哪一天起。")
@click.option("--source", required=True, help="文件的文号。")
@options.json_option
def diseases(file: Path, area: str, since: datetime, source: str, as_json: bool) -> int:
    """录入一份门诊慢特病目录（列：病种代码、病种名称、规则病种、待遇、认定标准、有效月数）。

    \b
    例：
      gongji agency diseases 病种.csv --area 532300 --since 2025-01-01 --source 文号
    """
    from gongji.agency.disease_lists import enter_diseases, read_diseases
    from gongji.platform.installation import owner_connection

    found = read_diseases(file)
    with owner_connection() as connection:
        enter_diseases(connection, area, since.date(), source, found)
    said = f"统筹区 {area}：自 {since:%Y-%m-%d} 起 {len(found)} 个病种"
    body = {"area": area, "since": f"{since:%Y-%m-%d}", "diseases": len(found)}
    options.tell(as_json, body, said)
    return 0


@command.command()
@click.option("--area", required=True, help="统筹区代码。", type=AREA)
@options.json_option
def coverage(area: str, as_json: bool) -> int:
    """以今天的岗位，哪些业务没有人能办完；有则退出码为 1。

    \b
    例：
      gongji agency coverage --area 532300
    """
    from gongji.agency import items
    from gongji.platform.installation import installed_areas, owner_connection
    from gongji.review.command_kinds import KINDS
    from gongji.review.coverage import gaps
    from gongji.supervision import lead_commands, lead_recoveries

    assert items.ALL and lead_commands.KINDS and lead_recoveries.ARTICLE
    today = day_in_china(datetime.now(UTC))
    law = installed_areas().area(area).law(day_of(today))
    with owner_connection() as connection:
        found = gaps(connection, area, law, today)
    if as_json:
        rows = [
            {"agency": g.agency, "kind": g.kind, "above_fen": g.above_fen, "missing": g.missing}
            for g in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return 1 if found else 0
    for gap in found:
        above = f"（{yuan_text(gap.above_fen)} 元以上）" if gap.above_fen else ""
        click.echo(f"{gap.agency} {KINDS[gap.kind].words}{above}：{gap.missing}")
    if not found:
        click.echo(f"统筹区 {area}：{len(KINDS)} 种业务都有人能办完")
    return 1 if found else 0

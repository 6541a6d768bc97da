"""The invented agencies of a made-up area and whoever works there, one at least in every post."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from gongji.platform.actors import Actor
from gongji.review.posts import PostGrant, grant_post
from gongji.review.staff import Agency, NewStaff, add_agency, add_staff
from gongji.review.working_days import NewYear, enter_year
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]
AREA, COUNTY, OTHER = "532300", "532301", "532322"
AGENCIES = (
    Agency(AREA, AREA, None, "prefecture", "测试楚雄州医保中心"),
    Agency(COUNTY, AREA, AREA, "county", "测试楚雄市医保中心"),
    Agency(OTHER, AREA, AREA, "county", "测试南华县医保中心"),
)
EVERYWHERE = ""


@dataclass(frozen=True)
class DemoClerk:
    """Somebody invented: the account, the name, the post, at which agency (empty: every one)."""

    account: str
    name: str
    post: str
    agency: str


CLERKS = (
    DemoClerk("jingban1", "天枢·经甲", "handler", COUNTY),
    DemoClerk("jingban2", "天璇·经乙", "handler", COUNTY),
    DemoClerk("jingban3", "天玑·经丙", "handler", OTHER),
    DemoClerk("jingban4", "天权·经丁", "handler", AREA),
    DemoClerk("chushen1", "玉衡·初甲", "first_reviewer", COUNTY),
    DemoClerk("chushen2", "开阳·初乙", "first_reviewer", OTHER),
    DemoClerk("chushen3", "摇光·初丙", "first_reviewer", AREA),
    DemoClerk("fushen1", "角宿·复甲", "second_reviewer", AREA),
    DemoClerk("fushen2", "亢宿·复乙", "second_reviewer", EVERYWHERE),
    DemoClerk("jihe", "氐宿·稽核", "inspector", AREA),
    DemoClerk("kuaiji", "房宿·会计", "accountant", EVERYWHERE),
    DemoClerk("chuna", "心宿·出纳", "cashier", EVERYWHERE),
    DemoClerk("yewu", "尾宿·业务", "business", AREA),
    DemoClerk("caiwu", "箕宿·财务", "finance", AREA),
    DemoClerk("xinxi", "斗宿·信息", "technician", AREA),
    DemoClerk("jianguan", "女宿·监管", "supervisor", AREA),
    DemoClerk("zhidu", "虚宿·只读", "reader", EVERYWHERE),
    DemoClerk("guanliyuan", "危宿·系统", "administrator", EVERYWHERE),
    DemoClerk("anquan", "室宿·安全", "security_officer", EVERYWHERE),
    DemoClerk("shenji", "壁宿·审计", "audit_officer", EVERYWHERE),
)
"""Who works at the agencies of AREA; the account is what somebody signs in by."""
MONTH_DAYS = 45
"""For how many days they have held their posts."""


def enter_staff(connection: Connection, actor: Actor, now: datetime) -> None:
    """Enter agencies, clerks with their posts, and the weeks of three years; once."""
    for one in AGENCIES:
        add_agency(connection, one, actor=actor, now=now)
    year = day_in_china(now).year
    for each in range(year - 1, year + 2):
        enter_year(connection, NewYear(each, "演示：只按周历，没有节假日", ()))
    since = day_in_china(now) - timedelta(days=MONTH_DAYS)
    for clerk in CLERKS:
        new = NewStaff(clerk.account, clerk.name)
        staff = add_staff(connection, new, actor=actor, now=now).staff
        grant = PostGrant(staff, clerk.post, AREA, since, None, clerk.agency)
        grant_post(connection, grant, actor=actor, now=now)

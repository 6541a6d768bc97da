"""`gongji serve`."""

import signal
from datetime import UTC, datetime
from typing import Any

import click


@click.command("serve")
@click.option("--migrate-only", is_flag=True, help="只建立或升级数据库的表，然后结束")
@click.option("--no-migrate", is_flag=True, help="不升级数据库；表不是最新时拒绝启动")
def command(migrate_only: bool, no_migrate: bool) -> None:
    """在本机启动全部服务：数据库、医药机构接口、页面、后台作业；Ctrl-C 停止。

    设置来自环境变量，逐项见 docs/generated/settings.md。

    \b
    例：
      GONGJI_DEMO=1 gongji serve
      DATABASE_URL=postgresql://gongji@db/gongji gongji serve
      gongji serve --migrate-only
    """
    prepare(migrate=not no_migrate, alone=not migrate_only)
    if migrate_only:
        click.echo("数据库的表已是最新")
        return
    run_service()


def prepare(migrate: bool = True, alone: bool = True) -> None:
    """Check the settings, keys and server; bring the tables up to date, publish the rulebooks.

    Shape:   `alone`: for a service, of which a data folder has one.
    Refuses: RulebookError for the settings and for the rulebooks; Fault for an old server, old
             tables, keys of another database, a data folder in use.
    """
    import psycopg

    from gongji.platform import database, inbox_months, trail_months
    from gongji.platform.environment import environment
    from gongji.service.parts import hold, metrics_folder

    environment()
    if alone:
        hold(metrics_folder())
    with psycopg.connect(database.owner_dsn()) as connection:
        database.check_server(connection)
        said = database.outdated(connection.info.server_version)
        if alone and said:
            click.echo(said, err=True)
    from django.core.management import call_command
    from django.db import connections

    from gongji.refusals import Fault
    from gongji.service.settings import set_up_django
    from gongji.units import day_in_china

    set_up_django()
    if migrate:
        call_command("migrate", verbosity=0)
        with psycopg.connect(database.owner_dsn(), autocommit=True) as connection:
            today = day_in_china(datetime.now(UTC))
            inbox_months.make_ahead(connection, today)
            trail_months.make_ahead(connection, today)
    else:
        try:
            call_command("migrate", check_unapplied=True, verbosity=0)
        except SystemExit:
            raise Fault("数据库的表不是最新；请先运行 gongji serve --migrate-only") from None
    connections.close_all()
    _check_keys()
    _publish()


def _check_keys() -> None:
    """The keys are those with which the database was written, by this version's tables.

    Refuses: Fault.
    """
    from psycopg.errors import UndefinedTable

    from gongji.platform.installation import installed_identity, owner_connection
    from gongji.refusals import Fault

    with owner_connection() as connection:
        try:
            installed_identity().check(connection)
        except UndefinedTable:
            raise Fault(
                "数据库的表是更早的开发版本建立的，不能沿用；请换一个空的数据目录（GONGJI_DATA）或数据库"
            ) from None


def _publish() -> None:
    """Publish the rulebooks and figures of the environment, if they are not the newest already."""
    from gongji.platform.actors import Actor
    from gongji.platform.installation import owner_connection, publish_installed, superseded

    with owner_connection() as connection:
        for made in publish_installed(connection, Actor.job("serve")):
            click.echo(f"规则 {made.area} 第 {made.number} 版已发布", err=True)
        for named, newest in superseded(connection):
            click.echo(
                f"规则 {named.area}：设置的规则和参数是从前的第 {named.number} 版，现行的第"
                f" {newest.number} 版不变；要恢复请运行 gongji law publish",
                err=True,
            )


def run_service(ready: Any = None) -> None:
    """Start the service and watch it until it is told to stop.

    `ready` is called with the service and its addresses, once it runs.
    """
    from gongji.platform.environment import environment
    from gongji.service.parts import make_service

    service, addresses = make_service(environment(), lambda text: click.echo(text, err=True))
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    signal.signal(signal.SIGINT, lambda *_: service.stop())
    service.start()
    click.echo(f"接口 {addresses['gateway']}（/health /ready /metrics）", err=True)
    click.echo(f"页面 {addresses['pages']}", err=True)
    click.echo(f"经办 {addresses['console']}/console/", err=True)
    try:
        if ready:
            ready(service, addresses)
        service.watch()
    finally:
        service.stop()
        click.echo("已停止", err=True)

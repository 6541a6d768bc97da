"""`gongji mirror` on databases: read-only, the same as from files, only what is new again."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import polars as pl
import psycopg
import pytest
from click.testing import CliRunner
from polars.testing import assert_frame_equal
from psycopg.conninfo import conninfo_to_dict

from gongji.cli.mirror import command
from gongji.mirror.deliveries import find_deliveries
from gongji.mirror.made_up import encode_prefecture
from gongji.mirror.nightly import MirrorWishes, mirror_tables
from gongji.mirror.source_databases import parse_address, source_database
from gongji.mirror.table_mapping import load_mapping
from gongji.refusals import Refusal
from mirror.made_small import write_small
from mirror.test_mirror import SETTLED, nothing, read, rows_of

NEW_ROW = SETTLED | {"SETL_ID": "n1", "UPDT_TIME": "2031-01-01 00:00:00"}
TYPES = {"fen": "numeric(16,2)", "instant": "timestamp", "day": "date"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """National tables of a small prefecture as frames of texts by name, and what files give."""
    folder = tmp_path_factory.mktemp("files")
    write_small(folder / "own", persons=40, visits=120)
    encode_prefecture(folder / "own", folder / "national")
    mirror_tables([folder / "national/tables"], wishes(folder / "out"), nothing)
    found = {}
    deliveries, _ = find_deliveries([folder / "national/tables"], load_mapping())
    for one in deliveries:
        whole = pl.concat(one.pieces()).drop("row_number", "row_fault", strict=False)
        whole = whole.with_columns(pl.all().cast(pl.String))
        kept = found.setdefault(one.table.name, (one.table, []))
        kept[1].append(whole)
    frames = {n: (t, pl.concat(f, how="diagonal")) for n, (t, f) in found.items()}
    return frames, folder / "out"


def wishes(folder):
    """Read into a folder, numbers kept."""
    return MirrorWishes(folder, keep_numbers=True, buckets=2)


def fill(connection, tables):
    """The tables in two schemas, in either case; amounts and times have their types."""
    for n, (name, (table, frame)) in enumerate(tables.items()):
        schema = ("setlcent_db", "CUSTCENT_DB")[n % 2]
        called = (name.lower(), name)[n % 2]
        columns = ", ".join(
            f'"{c.lower()}" {TYPES.get(table.forms[c], "text")}' for c in frame.columns
        )
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(f'create table "{schema}"."{called}" ({columns})')
        with connection.cursor() as cursor:
            copying = f'copy "{schema}"."{called}" from stdin with (format csv, null \'\')'
            with cursor.copy(copying) as copy:
                copy.write(frame.write_csv(include_header=False))


@pytest.fixture(scope="module")
def postgresql(server, tables):
    """The address of a database with the tables, without a password, and a connection to it."""
    told = conninfo_to_dict(server)
    with psycopg.connect(server, autocommit=True) as first:
        first.execute("create database night")
        with psycopg.connect(server, dbname="night", autocommit=True) as connection:
            fill(connection, tables[0])
            connection.execute("create table setlcent_db.clred_setl_d as table setlcent_db.setl_d")
            connection.execute("create table setlcent_db.setl_d_kept as table setlcent_db.setl_d")
            port = f"&port={told['port']}" if "port" in told else ""
            yield f"postgresql://{told['user']}@/night?host={told['host']}{port}", connection
        first.execute("drop database night with (force)")


def database(address):
    """A database by its address; libpq finds a password by itself."""
    return source_database(parse_address(address, ""))


def same_as_files(tables, out):
    """Every own table is what the files gave."""
    for table in ("visits", "lines", "persons", "spells", "filings", "institutions"):
        mine, theirs = read(out, table), read(tables[1], table)
        order = mine.columns
        assert_frame_equal(mine.sort(order), theirs.sort(order))
    return True


def test_tables_of_a_database_are_those_of_the_files(tables, postgresql, tmp_path):
    address, connection = postgresql
    checks = mirror_tables([database(address)], wishes(tmp_path), nothing)
    assert same_as_files(tables, tmp_path)
    (copy,) = checks.passed_over
    assert copy == "setlcent_db.clred_setl_d" and "SETL_D" in checks.passed_over[copy]
    heard = []
    mirror_tables([database(address)], wishes(tmp_path), lambda what, n: heard.append((what, n)))
    assert {what for what, _ in heard} == {"分桶"}
    mine = {name: text for name, text in NEW_ROW.items() if text}
    columns, marks = ", ".join(f'"{c.lower()}"' for c in mine), ", ".join(["%s"] * len(mine))
    query = f"insert into setlcent_db.setl_d ({columns}) values ({marks})"
    connection.execute(query, list(mine.values()))
    heard.clear()
    before = rows_of(checks)["written"]
    after = mirror_tables([database(address)], wishes(tmp_path), lambda *told: heard.append(told))
    assert rows_of(after)["written"] == before + 1
    # What came late is read again from three days before the newest on; the made-up rows end there.
    late = connection.execute(
        "select count(*) from setlcent_db.setl_d where updt_time is null or updt_time >="
        " (select max(updt_time) from setlcent_db.clred_setl_d) - interval '3 days'"
    ).fetchone()[0]
    assert [told for told in heard if told[0] != "分桶"] == [("setlcent_db.setl_d", late)]
    assert late < before


@pytest.mark.parametrize("kind", ["timestamptz", "kinds.moment"])
def test_07_instants_and_money_of_any_type_of_a_database(server, tmp_path, kind):
    """16:30 in Greenwich on the last day of 2025 is half past midnight in the year after."""
    told = conninfo_to_dict(server)
    port = f"&port={told['port']}" if "port" in told else ""
    names = "setl_id, mdtrt_id, psn_no, psn_type, insutype, insu_admdvs, fixmedins_code, med_type"
    with psycopg.connect(server, autocommit=True) as first:
        first.execute("create database kinds")
        try:
            with psycopg.connect(server, dbname="kinds", autocommit=True) as one:
                one.execute("create schema kinds; create domain kinds.moment as timestamptz")
                columns = ", ".join(f"{name} text" for name in names.split(", "))
                one.execute(
                    f"create table kinds.setl_d ({columns}, medfee_sumamt double precision,"
                    f" hifp_pay money, setl_time {kind}, begndate {kind}, updt_time timestamptz)"
                )
                one.execute("set timezone to 'UTC'")
                one.execute(
                    "insert into kinds.setl_d values ('1', 'm1', '43050000000000009301', '1101',"
                    " '310', '430500', 'H1', '11', 1000, 480, '2025-12-31 16:30:00+00',"
                    " '2025-12-31 16:30:00+00', now())"
                )
            address = f"postgresql://{told['user']}@/kinds?host={told['host']}{port}&schema=kinds"
            mirror_tables([database(address)], wishes(tmp_path), nothing)
        finally:
            first.execute("drop database kinds with (force)")
    (found,) = read(tmp_path, "visits").to_dicts()
    assert str(found["date"]) == "2026-01-01" and str(found["settled_at"]) == "2026-01-01 00:30:00"
    assert (found["total_fen"], found["paid_pool_fen"]) == (100_000, 48_000)


def test_a_table_without_time_stamps_is_read_again_when_anything_in_it_changed(
    postgresql, tmp_path
):
    address, connection = postgresql
    connection.execute("create schema small")
    connection.execute("create table small.opsp_reg_d (trt_dcla_detl_sn text, psn_no text,"
                       " begndate date, opsp_dise_code text)")  # fmt: skip
    connection.execute("insert into small.opsp_reg_d values ('1', 'p', '2023-01-01', 'M01')")
    only = database(f"{address}&schema=small")
    mirror_tables([only], wishes(tmp_path), nothing)
    assert read(tmp_path, "filings")["disease"].to_list() == ["M01"]
    connection.execute("update small.opsp_reg_d set opsp_dise_code = 'M02'")
    mirror_tables([only], wishes(tmp_path), nothing)
    assert read(tmp_path, "filings")["disease"].to_list() == ["M02"]
    connection.execute("drop schema small cascade")


def test_nothing_can_be_written_and_no_password_is_told(postgresql, tmp_path):
    address, _ = postgresql
    reader = database(address).reader
    with pytest.raises(Refusal, match="read-only transaction") as refused:
        reader.one_row("delete from setlcent_db.setl_d returning 1")
    assert refused.value.code == "database_unreadable"
    for wrong in ("mysql://reader:hidden@host/db", "postgresql://host/db?password=hidden"):
        done = CliRunner().invoke(command, [wrong, "-o", str(tmp_path / "out")])
        assert "GONGJI_MIRROR_PASSWORD" in done.output and "hidden" not in done.output
    there = parse_address("mysql://reader@10.0.0.8:3306/setlcent_db", "hidden")
    assert there.shown == "mysql://10.0.0.8:3306/setlcent_db" and "hidden" not in repr(there)


def test_a_database_that_does_not_answer_is_refused(tmp_path, monkeypatch):
    password = tmp_path / "password"
    password.write_text("hidden\n", encoding="utf-8")
    nobody = f"postgresql://reader@/night?host={tmp_path}"
    asked = [nobody, "-o", str(tmp_path / "out"), "--password-file", str(password)]
    done = CliRunner().invoke(command, asked, standalone_mode=False)
    assert done.return_value == 2 and "无法读取数据库 postgresql://" in done.output
    assert "hidden" not in done.output


@pytest.fixture(scope="module")
def mysql(tmp_path_factory, tables):
    """The address of a MariaDB with the tables; without a server or PyMySQL there is no test."""
    pymysql = pytest.importorskip("pymysql", reason="no PyMySQL: pip install pymysql")
    program, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if not (program and install):
        pytest.skip("no MariaDB: apt-get install mariadb-server")
    home = tmp_path_factory.mktemp("mariadb")
    place = ["--no-defaults", f"--datadir={home}/data"]
    user = [] if os.geteuid() else ["--user=root"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    made = [install, *place, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([*made, *user], check=True, **quiet)
    socket = f"{home}/socket"
    running = [program, *place, *user, f"--socket={socket}", "--skip-networking"]
    with subprocess.Popen(running, **quiet) as process:
        try:
            connection = _connected(pymysql, socket)
            with connection:
                _fill_mysql(connection, tables[0])
            yield f"mysql://root@localhost/setlcent_db?unix_socket={socket}"
        finally:
            process.terminate()


def _connected(pymysql, socket):
    until = time.monotonic() + 120
    while not Path(socket).exists():
        assert time.monotonic() < until, "MariaDB does not start"
        time.sleep(0.1)
    return pymysql.connect(unix_socket=socket, user="root", charset="utf8mb4")


def _fill_mysql(connection, tables):
    types = {"fen": "decimal(16,2)", "instant": "datetime", "day": "date"}
    with connection.cursor() as cursor:
        cursor.execute("create database setlcent_db character set utf8mb4")
        for name, (table, frame) in tables.items():
            columns = ", ".join(
                f"`{c}` {types.get(table.forms[c], 'varchar(255)')}" for c in frame.columns
            )
            cursor.execute(f"create table setlcent_db.`{name}` ({columns}) row_format=dynamic")
            marks = ", ".join(["%s"] * frame.width)
            cursor.executemany(
                f"insert into setlcent_db.`{name}` values ({marks})", list(frame.iter_rows())
            )
    connection.commit()


@pytest.mark.slow
def test_tables_of_a_mysql_are_those_of_the_files(mysql, tables, tmp_path):
    mirror_tables([database(mysql)], wishes(tmp_path), nothing)
    assert same_as_files(tables, tmp_path)
    heard = []
    mirror_tables([database(mysql)], wishes(tmp_path), lambda what, _: heard.append(what))
    assert set(heard) == {"分桶"}
    with pytest.raises(Refusal, match="READ ONLY|read-only|read only"):
        database(mysql).reader.one_row("delete from setlcent_db.SETL_D")

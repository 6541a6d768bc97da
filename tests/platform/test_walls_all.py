"""Every wall of the database: each constraint and trigger by name, provoked, with what it lets by.

A wall that the tables of this file do not name fails it, so that none is added without its test.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
import pytest
from tests import databases

from schema_page import FOREIGN

Connection = psycopg.Connection[Any]
Changes = dict[str, str]

ELSEWHERE = {
    *("staff", "post", "post_conflict", "post_holding", "post_area", "post_side"),
    *("command", "command_move", "command_person", "step", "command_line", "evidence"),
    *("agency", "invitation", "calendar_year", "calendar_day", "command_about", "notice"),
    *("access_log_other", "disease_list", "disease"),
    *("access_log", "law_version", "chart", "entry_kind", "entry_moves"),
    *("payee", "payout_order", "payout_file", "charge_back", "third_party_claim"),
    *("claim_recovery", "payment_run", "payment_item", "payment_line", "deduction"),
    "transfer",
    *("bank_account", "bank_line", "bank_match"),
    *("staff_job", "saved_filter", "elevation"),
    *("rule_version", "finding", "lead", "lead_finding", "outcome", "case_file", "recovery"),
    *("destruction_proposal", "destruction", "destroyed_paper", "person_correction"),
    "trail_seal",
}
"""Tables that no code writes yet, or whose walls are tried by themselves (test_command_walls,
test_payouts, test_third_party_claims, test_retention, test_trail_seals, test_staff_jobs)."""

WORLD = """
insert into person (id, psn_no, area, name, certificate, certificate_hash) values
  (1000, '43050000000000000001', '430500', '测试甲', '', 'a'),
  (1001, '43050000000000000002', '430500', '测试乙', '', 'b');
insert into institution (code, area, name, kind) values
  ('H1', '430500', '测试医院', 'hospital'), ('H2', '430500', '测试医院', 'hospital');
insert into credential (access_key, institution, secret) values ('k1', 'H1', '');
insert into person_fact (id, person_id, area, kind, key, since, until, learnt_at) values
  (1000, 1000, '430500', 'insured', '', '2024-01-01', '2025-01-01', '2024-03-01');
insert into person_fact (id, person_id, area, kind, key, since, until, learnt_at, details) values
  (1001, 1000, '430500', 'bond', '43050000000000000002', '2024-01-01', '2025-01-01', '2024-03-01',
  '{"order": 1, "relation": "spouse", "consented_on": "2024-01-01"}');
insert into institution_fact (id, institution, kind, key, since, until, learnt_at) values
  (1000, 'H1', 'level', '', '2024-01-01', '2025-01-01', '2024-03-01');
insert into item_version (id, area, item, name, list_type, charge_type, since, until, learnt_at,
  grade, diseases) values (1000, '430500', 'A', '测试药', '101', '09', '2024-01-01',
  '2025-01-01', '2024-03-01', '甲', '{}');
begin;
insert into entry (id, area, person, kind, service_date, accounting_date, actor_kind, actor) values
  (1000, '430500', 1000, 'credit', '2024-03-05', '2024-03-05', 'operator', 't'),
  (1001, '430500', 1000, 'credit', '2024-03-05', '2024-03-05', 'operator', 't'),
  (1003, '430500', 1000, 'stay', '2024-03-05', '2024-03-05', 'operator', 't');
insert into entry (id, area, person, kind, service_date, accounting_date, actor_kind, actor,
  reverses) values (1002, '430500', 1000, 'credit', '2024-03-05', '2024-03-05', 'operator', 't',
  1000);
insert into settlement (entry) values (1003);
insert into posting (entry, number, area, fund, debit, debit_owner, credit, credit_owner,
  amount_fen) values
  (1000, 1, '430500', 'account', 'contribution', '430500', 'account', '1000', 5);
commit;
insert into balance (area, person, kind, amount_fen) values ('430500', 1000, 'account', 5);
insert into meter_use (area, person, period, slot, code, used_fen) values
  ('430500', 1000, '年:2024', '', 'ordinary_paid', 5);
insert into closed_period (area, month, actor_kind, actor)
  values ('430500', '2024-01-01', 'operator', 't');
insert into review_flag (id, entry, cause, reason) overriding system value
  values (1000, 1000, 1001, '撤销');
insert into seal (area, number, through_xact, first, last, encoding, algorithm, hash, previous)
  values ('430500', 1, '9', 1, 1, 1, 'sha256', '', '');
insert into sealed (area, number, entry, hash) values ('430500', 1, 1000, '');
insert into sealed_day (area, seal, institution, accounting_date, benefit, settlements, total_fen,
  pool_fen, supplements_fen, account_fen, cash_fen, borne_fen, owed_fen) values
  ('430500', 1, 'H1', '2024-03-05', '', 0, 0, 0, 0, 0, 0, 0, 0);
insert into visit (id, area, person_id, institution, msgid, begun_at, details, diagnoses) values
  (1000, '430500', 1000, 'H1', 'm', '2024-03-05 09:00+08', '{}', '[]'),
  (1001, '430500', 1000, 'H1', 'm', '2024-03-05 09:00+08', '{}', '[]');
insert into charge_batch (id, visit_id, number, total_fen, above_standard_fen, wholly_own_fen,
  first_self_pay_fen, in_scope_fen, parts, marks) values
  (1000, 1000, '1', 0, 0, 0, 0, 0, '{}', '{}');
insert into fee_line (id, batch_id, serial, item, quantity_e4, price_micro, amount_fen,
  above_standard_fen, wholly_own_fen, first_self_pay_fen, in_scope_fen, details) values
  (1000, 1000, '1', 'A', 10000, 0, 0, 0, 0, 0, 0, '{}');
insert into settlement_batch (entry, batch) values (1000, 1000);
insert into prescription (id, prescriber, number, person, since, last)
  values (1000, 'H1', 'R1', 1000, '2024-03-01', '2024-03-03');
insert into prescription_use (id, prescriber, number, entry) values (1000, 'H1', 'R1', 1000);
insert into inbox (actor_kind, actor, msg_id, kind, hash, state) values
  ('institution', 'H1', 'm1', '2207', 'x', 'done'),
  ('institution', 'H1', 'm9', '2207', null, 'barred');
insert into inbox_bytes (actor_kind, actor, msg_id, at, key_id, content) values
  ('institution', 'H1', 'm1', '2024-03-05', 1, '');
insert into sign_in (sign_no, institution, operator, signed_in_at) values ('s1', 'H1', 'o', now());
insert into file_ticket (number, institution, name, content, expires_at) values
  ('f1', 'H1', 'n', '', now());
insert into nonce (access_key, nonce) values ('k1', 'n1');
insert into console_session (session_key, session_data, expire_date) values ('s', '', now());
insert into certificate_shown (institution, person, shown_at) values ('H1', 1000, now());
insert into key_fingerprint (purpose, fingerprint) values ('identity', 'a');
insert into item_match (id, institution, own_item, own_name, list_type, item, since) values
  (1000, 'H1', 'own', '测试药', '101', 'A', '2024-01-01');
"""
"""One row of everything, the first of its table; the others copy it with changes."""


class Wall(NamedTuple):
    """A constraint of a table: copies of its row that it refuses, and the nearest it lets by."""

    table: str
    refused: list[Changes]
    allowed: list[Changes]


def _facts(table: str, owner: str, other: str) -> dict[str, Wall]:
    """The walls of a table of facts, whose row holds over 2024 and was learnt on 1 March."""
    return {
        f"{table}_one_at_a_time": Wall(
            table,
            [
                {},
                {"since": "'2024-12-31'", "until": "null"},
                {"since": "'2023-01-01'", "until": "'2024-01-02'"},
                {"details": """'{"a": 1}'""", "source": "'x'"},
                {"learnt_at": "'2023-01-01'", "retired_at": "'2024-03-01 00:00:00.001'"},
            ],
            [
                {"since": "'2025-01-01'", "until": "null"},
                {"since": "'2023-01-01'", "until": "'2024-01-01'"},
                {owner: other},
                {"kind": "'other'"},
                {"key": "'other'"},
                {"learnt_at": "'2023-01-01'", "retired_at": "'2024-03-01'"},
            ],
        ),
        f"{table}_holds": Wall(
            table,
            [{"key": "'2'", "until": "'2024-01-01'"}, {"key": "'2'", "until": "'2023-12-31'"}],
            [{"key": "'2'", "until": "'2024-01-02'"}, {"key": "'2'", "until": "null"}],
        ),
    }


BOND = """'{{"order": 1, "relation": "{}", "consented_on": "{}"}}'"""
SPOUSE: Changes = {"kind": "'bond'", "key": "'x'", "details": BOND.format("spouse", "2024-01-01")}
CHILD: Changes = SPOUSE | {"details": BOND.format("child", "2024-01-01")}
ASKED: Changes = SPOUSE | {"details": BOND.format("spouse", "9999-12-31")}
BOUND = {"person_id": "1001", "key": "'43050000000000000002'"}
"""Who is paid for by the account that pays for the first person's bond."""

PARTS = ("pool", "supplements", "account", "family", "cash", "borne")
KINDS = ("above_standard", "wholly_own", "first_self_pay", "in_scope")
PAID: Changes = {"total_fen": "5", "cash_fen": "5"}

WALLS: dict[str, Wall] = {
    **_facts("person_fact", "person_id", "1001"),
    **_facts("institution_fact", "institution", "'H2'"),
    "person_fact_one_spouse": Wall(
        "person_fact",
        [SPOUSE, SPOUSE | {"since": "'2024-12-31'", "until": "null"}],
        [CHILD, ASKED, SPOUSE | {"since": "'2025-01-01'", "until": "null"}],
    ),
    "person_fact_spouse_of_one": Wall("person_fact", [SPOUSE | BOUND], [CHILD | BOUND]),
    "item_version_one_at_a_time": Wall(
        "item_version",
        [{}, {"grade": "'乙'", "since": "'2024-12-31'", "until": "null"}],
        [
            {"since": "'2025-01-01'", "until": "null"},
            {"area": "'532300'"},
            {"item": "'B'"},
            {"learnt_at": "'2023-01-01'", "retired_at": "'2024-03-01'"},
        ],
    ),
    "settlement_conserves": Wall(
        "settlement",
        [
            *({"entry": "1", f"{part}_fen": "1"} for part in (*PARTS, "owed")),
            {"entry": "1", "total_fen": "1", "in_scope_fen": "1"},
            {"entry": "1", "total_fen": "1", "in_scope_fen": "1", "pool_fen": "2"},
        ],
        [],
    ),
    "settlement_splits": Wall(
        "settlement",
        [{"entry": "1", **PAID}, *({"entry": "1", f"{part}_fen": "1"} for part in KINDS)],
        [],
    ),
    "settlement_pkey": Wall("settlement", [{"benefit": "'x'"}], []),
    "settlement_batch_pkey": Wall(
        "settlement_batch", [{"released_at": "now()"}], [{"entry": "1001", "released_at": "now()"}]
    ),
    "settlement_batch_once": Wall(
        "settlement_batch", [{"entry": "1001"}], [{"entry": "1001", "released_at": "now()"}]
    ),
    "entry_takes_back": Wall(
        "entry", [{"kind": "'cancellation'"}], [{"kind": "'cancellation'", "reverses": "1001"}]
    ),
    "entry_corrects": Wall(
        "entry", [{"kind": "'adjustment'"}], [{"kind": "'adjustment'", "cause": "1001"}]
    ),
    "entry_area_origin_origin_key_key": Wall(
        "entry",
        [],
        [{"origin_key": "'k'"}, {"origin_key": "null"}],
    ),
    "closed_period_month_check": Wall(
        "closed_period", [{"month": "'2023-12-02'"}], [{"month": "'2023-12-01'"}]
    ),
    "person_psn_no_check": Wall("person", [{"psn_no": "''", "certificate_hash": "'c'"}], []),
    "entry_origin": Wall(
        "entry",
        [{"origin": "'mirror'"}],
        [{"origin": "'mirror'", "origin_key": "'k'"}, {"origin": "'opening'"}],
    ),
    "entry_origin_check": Wall("entry", [{"origin": "'other'"}], []),
    "entry_area_check": Wall("entry", [{"area": "'4305'"}, {"area": "'43050x'"}], []),
    "entry_actor_kind_check": Wall(
        "entry",
        [{"actor_kind": "'nobody'"}, {"actor_kind": "''"}],
        [{"actor_kind": f"'{kind}'"} for kind in ("institution", "person", "staff", "job")],
    ),
    "seal_pkey": Wall("seal", [{"hash": "'x'"}], [{"number": "2"}, {"area": "'532300'"}]),
    "seal_number_check": Wall("seal", [{"number": "0"}], []),
    "sealed_pkey": Wall("sealed", [{"entry": "1001"}], [{"entry": "1001", "number": "2"}]),
    "sealed_entry_key": Wall("sealed", [{"number": "2"}], [{"entry": "1001", "number": "2"}]),
    "sealed_day_pkey": Wall("sealed_day", [{"owed_fen": "1"}], [{"benefit": "'x'"}]),
    "entry_reverses_key": Wall(
        "entry", [{"reverses": "1000"}], [{"reverses": "1001"}, {"reverses": "null"}]
    ),
    "posting_positive": Wall(
        "posting",
        [{"number": "2", "amount_fen": "0"}, {"number": "2", "amount_fen": "-1"}],
        [],
    ),
    "posting_number_check": Wall("posting", [{"number": "0"}], []),
    "posting_fund_check": Wall("posting", [{"number": "2", "fund": "''"}], []),
    "posting_pkey": Wall("posting", [{"amount_fen": "9"}], []),
    "balance_holds": Wall(
        "balance",
        [
            {"kind": "'payable'", "amount_fen": "-1"},
            {"kind": "'payable'", "held_fen": "6"},
            {"kind": "'payable'", "held_fen": "-1"},
        ],
        [{"kind": "'payable'", "amount_fen": "0"}, {"kind": "'payable'", "held_fen": "5"}],
    ),
    "balance_kind_check": Wall("balance", [{"kind": "'pool'"}], [{"kind": "'receivable'"}]),
    "meter_not_negative": Wall(
        "meter_use", [{"code": "'x'", "used_fen": "-1"}], [{"code": "'x'", "used_fen": "0"}]
    ),
    "fee_line_splits": Wall(
        "fee_line",
        [{"amount_fen": "5"}, *({f"{part}_fen": "5"} for part in KINDS)],
        [{"amount_fen": "5", f"{part}_fen": "5"} for part in KINDS],
    ),
    "charge_batch_number": Wall(
        "charge_batch",
        [{}, {"total_fen": "9"}],
        [{"number": "'2'"}, {"visit_id": "1001"}, {"withdrawn_at": "now()"}],
    ),
    "prescription_standing": Wall(
        "prescription",
        [{}, {"last": "'2024-04-01'"}],
        [{"number": "'R2'"}, {"prescriber": "'H2'"}, {"withdrawn_at": "now()"}],
    ),
    "prescription_once": Wall(
        "prescription_use",
        [{}, {"entry": "1001"}],
        [{"number": "'R2'"}, {"prescriber": "'H2'"}, {"released_at": "now()"}],
    ),
    "person_psn_no_key": Wall(
        "person",
        [{"certificate_hash": "'c'"}],
        [{"psn_no": "'3'", "certificate_hash": "'c'"}],
    ),
    "person_certificate": Wall(
        "person",
        [{"psn_no": "'3'"}, {"psn_no": "'3'", "area": "'532300'"}],
        [{"psn_no": "'3'", "certificate_kind": "'03'"}],
    ),
    "balance_pkey": Wall(
        "balance",
        [{"amount_fen": "9"}],
        [{"area": "'532300'"}, {"person": "1001"}, {"kind": "'payable'"}],
    ),
    "meter_use_pkey": Wall(
        "meter_use",
        [{"used_fen": "9"}],
        [
            {"area": "'532300'"},
            {"person": "1001"},
            {"period": "'年:2025'"},
            {"slot": "'x'"},
            {"code": "'x'"},
        ],
    ),
    "closed_period_pkey": Wall(
        "closed_period", [{"actor": "'x'"}], [{"month": "'2023-12-01'"}, {"area": "'532300'"}]
    ),
    "inbox_pkey": Wall(
        "inbox",
        [{"kind": "'2208'", "hash": "'y'"}, {"state": "'barred'", "hash": "null"}],
        [{"msg_id": "'m2'"}, {"actor": "'H2'"}, {"actor_kind": "'staff'"}],
    ),
    "inbox_state": Wall(
        "inbox",
        [
            {"msg_id": "'m2'", "state": "'new'"},
            {"msg_id": "'m2'", "hash": "null"},
            {"msg_id": "'m2'", "state": "'refused'", "hash": "null"},
        ],
        [
            {"msg_id": "'m2'", "state": "'refused'"},
            {"msg_id": "'m2'", "state": "'barred'"},
            {"msg_id": "'m2'", "state": "'barred'", "hash": "null"},
        ],
    ),
    "inbox_bytes_other_pkey": Wall(
        "inbox_bytes_other",
        [{"content": "'x'"}],
        [{"msg_id": "'m2'"}, {"actor": "'H2'"}, {"actor_kind": "'staff'"}, {"at": "now()"}],
    ),
    "nonce_pkey": Wall(
        "nonce",
        [{"digest": "'x'", "seen_at": "'2030-01-01'"}],
        [{"nonce": "'n2'"}, {"access_key": "'k2'"}],
    ),
    "institution_pkey": Wall("institution", [{"area": "'532300'"}], [{"code": "'H3'"}]),
    "credential_scope_check": Wall(
        "credential",
        [{"access_key": "'k2'", "scope": "'x'"}],
        [{"access_key": "'k2'", "scope": "'inpatient'"}],
    ),
    "console_session_pkey": Wall(
        "console_session", [{"session_data": "'x'"}], [{"session_key": "'t'"}]
    ),
    "certificate_shown_pkey": Wall(
        "certificate_shown", [{"shown_at": "'2024-01-01'"}], [{"institution": "'H2'"}]
    ),
    "key_fingerprint_pkey": Wall(
        "key_fingerprint", [{"fingerprint": "'b'"}], [{"purpose": "'lookup'"}]
    ),
    "key_fingerprint_purpose_check": Wall(
        "key_fingerprint", [{"purpose": "'x'"}], [{"purpose": "'lookup'"}]
    ),
    "credential_pkey": Wall("credential", [{"institution": "'H2'"}], [{"access_key": "'k2'"}]),
    "sign_in_pkey": Wall("sign_in", [{"institution": "'H2'"}], [{"sign_no": "'s2'"}]),
    "file_ticket_pkey": Wall("file_ticket", [{"institution": "'H2'"}], [{"number": "'f2'"}]),
    **{
        f"{table}_pkey": Wall(table, [{"id": "1000", **apart}], [{"id": "77", **apart}])
        for table, apart in (
            ("person", {"psn_no": "'3'", "certificate_hash": "'c'"}),
            ("person_fact", {"key": "'2'"}),
            ("institution_fact", {"key": "'2'"}),
            ("item_version", {"item": "'B'"}),
            ("item_match", {"own_item": "'x'"}),
            ("entry", {}),
            ("review_flag", {}),
            ("visit", {}),
            ("charge_batch", {"number": "'2'"}),
            ("fee_line", {}),
            ("prescription", {"number": "'R2'"}),
            ("prescription_use", {"number": "'R2'"}),
        )
    },
}

POINTERS: dict[tuple[str, str], tuple[str, Changes]] = {
    ("credential", "institution"): ("'H9'", {"access_key": "'k2'"}),
    ("certificate_shown", "person"): ("-9", {}),
    ("institution_fact", "institution"): ("'H9'", {}),
    ("item_match", "institution"): ("'H9'", {}),
    ("person_fact", "person_id"): ("-9", {}),
    ("entry", "person"): ("-9", {}),
    ("entry", "holding"): ("-9", {}),
    ("entry", "command"): ("-9", {}),
    ("entry", "cause"): ("-9", {}),
    ("sealed", "entry"): ("-9", {"number": "2"}),
    ("settlement_batch", "batch"): ("-9", {}),
    ("entry", "reverses"): ("-9", {}),
    ("review_flag", "cause"): ("-9", {}),
    ("review_flag", "entry"): ("-9", {}),
    ("review_flag", "settled_by"): ("-9", {}),
    ("visit", "institution"): ("'H9'", {}),
    ("visit", "person_id"): ("-9", {}),
    ("charge_batch", "visit_id"): ("-9", {}),
    ("fee_line", "batch_id"): ("-9", {}),
    ("prescription", "prescriber"): ("'H9'", {"number": "'R2'"}),
    ("prescription", "person"): ("-9", {"number": "'R2'"}),
    ("prescription_use", "entry"): ("-9", {"number": "'R2'"}),
}
"""Columns that must point to a row that is there: what is not there, and what else is changed."""

KEPT = [
    "update {0} set area = '532300'",
    "update {0} set area = area where false",
    "delete from {0}",
    "delete from {0} where false",
    "truncate {0} cascade",
]
TRIGGERS: dict[str, list[str]] = {
    "inbox_kept": [
        f"update inbox set {change}"
        for change in (
            "actor_kind = 'staff'",
            "actor = 'H2'",
            "msg_id = 'm3' where msg_id = 'm1'",
            "kind = '2208'",
            "hash = 'y'",
            "hash = null where msg_id = 'm1'",
            "state = 'done', hash = 'y' where state = 'barred'",
            "state = 'refused' where state = 'barred'",
        )
    ],
    "inbox_never_emptied": ["delete from inbox", "delete from inbox where false", "truncate inbox"],
    **{
        f"{table}_kept": [each.format(table) for each in KEPT]
        for table in ("entry", "posting", "closed_period", "seal", "sealed", "sealed_day")
    },
    "settlement_kept": [each.format("settlement").replace("area", "benefit") for each in KEPT],
    "settlement_batch_kept": [
        "delete from settlement_batch",
        "update settlement_batch set entry = 1001",
        "update settlement_batch set released_at = null",
    ],
    **{
        f"{table}_kept": [f"delete from {table}", f"update {table} set key = 'x'"]
        for table in ("person_fact", "institution_fact")
    },
    "person_fact_spouses": [
        "insert into person_fact (person_id, area, kind, key, since, details) values"
        f" (1001, '430500', 'bond', 'x', '2024-06-01', {SPOUSE['details']})"
    ],
    "item_version_kept": ["delete from item_version", "update item_version set name = 'x'"],
    "item_match_kept": ["delete from item_match", "update item_match set own_name = 'x'"],
    **{
        f"{table}_never_emptied": [f"truncate {table}", f"truncate {table} cascade"]
        for table in ("person_fact", "institution_fact", "item_version", "item_match")
    },
    "entry_fits": [
        "insert into entry (area, kind, service_date, accounting_date, actor_kind, actor)"
        f" values {values}"
        for values in (
            "('430500', 'credit', '2024-03-01', '2024-01-01', 'operator', 't')",
            "('430500', 'credit', '2024-03-01', '2024-01-31', 'operator', 't')",
            "('430500', 'credit', '2024-03-01', '2024-02-01', 'operator', 't'),"
            " ('430500', 'credit', '2024-03-01', '2024-01-15', 'operator', 't')",
        )
    ],
    "settlement_of_entry": [
        *(f"insert into settlement (entry) values ({n})" for n in (99, 1000)),
        "insert into entry"
        " (id, area, kind, service_date, accounting_date, actor_kind, actor, cause) values"
        " (4000, '430500', 'adjustment', '2024-03-01', '2024-03-01', 'institution', 'H', 1000);"
        " insert into settlement (entry, pool_fen, owed_fen) values (4000, 5, 5)",
    ],
    "posting_fits": [
        "insert into posting (entry, number, area, fund, debit, credit, amount_fen)"
        f" values {values}"
        for values in (
            "(99, 1, '430500', 'account', 'contribution', 'account', 5)",
            "(1000, 2, '430500', 'account', 'contribution', 'account', 5)",
        )
    ],
}
"""What each trigger refuses."""


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[Connection]:
    """The owner's connection to a database with one row of everything; each test undoes its own."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as connection,
    ):
        connection.execute(WORLD)
        yield connection


def _copy(connection: Connection, table: str, changes: Changes) -> None:
    """Add the table's first row again, with changes, and look at once whether all may stand."""
    columns = [
        name
        for name, always in connection.execute(
            "select attname, attgenerated <> '' from pg_attribute where attrelid = %s::regclass"
            " and attnum > 0 and not attisdropped",
            [table],
        )
        if not always and (name != "id" or "id" in changes)
    ]
    values = ", ".join(changes.get(name, name) for name in columns)
    order = "id" if "id" in _all_columns(connection, table) else "ctid"
    connection.execute("set constraints all immediate")
    connection.execute(
        f"insert into {table} ({', '.join(columns)}) overriding system value"
        f" select {values} from {table} order by {order} limit 1"
    )


def _all_columns(connection: Connection, table: str) -> set[str]:
    statement = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
    return {name for (name,) in connection.execute(statement, [table])}


def _ours(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    """Rows (table, ...) of tables that are ours."""
    return [
        row
        for row in connection.execute(statement)
        if not row[0].startswith(FOREIGN) and row[0] not in ELSEWHERE
    ]


def test_every_constraint_of_the_database_is_in_the_table(world: Connection) -> None:
    found = _ours(
        world,
        "select conrelid::regclass::text, conname from pg_constraint"
        " where connamespace = 'public'::regnamespace and contype in ('c', 'x', 'u', 'p')"
        # Of a table in parts it is its parts that refuse.
        " and conrelid not in (select partrelid from pg_partitioned_table)"
        " union select indrelid::regclass::text, c.relname from pg_index i join pg_class c"
        " on c.oid = i.indexrelid where indisunique and c.relnamespace = 'public'::regnamespace"
        " and c.relkind = 'i'",
    )
    assert {name: table for table, name in found} == {
        name: wall.table for name, wall in WALLS.items()
    }
    pointers = _ours(
        world,
        "select c.conrelid::regclass::text, a.attname from pg_constraint c join pg_attribute a"
        " on a.attrelid = c.conrelid and a.attnum = any(c.conkey)"
        " where c.connamespace = 'public'::regnamespace and c.contype = 'f'",
    )
    assert set(pointers) == POINTERS.keys()
    unchecked = world.execute("select conname from pg_constraint where not convalidated").fetchall()
    assert unchecked == []


def test_every_trigger_of_the_database_is_in_the_table_and_on(world: Connection) -> None:
    found = _ours(
        world,
        "select tgrelid::regclass::text, tgname, tgenabled from pg_trigger where not tgisinternal",
    )
    assert {name for _, name, _ in found} == TRIGGERS.keys()
    assert {enabled for *_, enabled in found} == {"O"}


REFUSED = [
    pytest.param(name, changes, id=f"{name}-{number}")
    for name, wall in WALLS.items()
    for number, changes in enumerate(wall.refused)
]
ALLOWED = [
    pytest.param(wall.table, changes, id=f"{name}-{number}")
    for name, wall in WALLS.items()
    for number, changes in enumerate(wall.allowed)
]


@pytest.mark.parametrize(("name", "changes"), REFUSED)
def test_a_wall_stands(world: Connection, name: str, changes: Changes) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as refused, world.transaction():
        _copy(world, WALLS[name].table, changes)
    assert refused.value.diag.constraint_name == name


@pytest.mark.parametrize(("table", "changes"), ALLOWED)
def test_what_is_just_right_passes(world: Connection, table: str, changes: Changes) -> None:
    before = world.execute(f"select count(*) from {table}").fetchone()
    with world.transaction(force_rollback=True):
        _copy(world, table, changes)
        after = world.execute(f"select count(*) from {table}").fetchone()
    assert before and after and after[0] == before[0] + 1


@pytest.mark.parametrize(("table", "column"), POINTERS)
def test_nothing_points_to_what_is_not_there(world: Connection, table: str, column: str) -> None:
    missing, apart = POINTERS[table, column]
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused, world.transaction():
        _copy(world, table, {column: missing, **apart})
    assert (refused.value.diag.constraint_name or "").startswith(f"{table}_{column}_")


PROVOKED = [
    pytest.param(name, each, id=f"{name}-{number}")
    for name, some in TRIGGERS.items()
    for number, each in enumerate(some)
]


@pytest.mark.parametrize(("name", "statement"), PROVOKED)
def test_a_trigger_refuses_even_the_owner(world: Connection, name: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as refused, world.transaction():
        world.execute(statement)
    said = str(refused.value)
    table, operation = name.removesuffix("_kept"), statement.split()[0].upper()
    constraint = refused.value.diag.constraint_name
    if name == "settlement_batch_kept":
        assert isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert "结算的费用批次只能登记或释放" in said
    elif table in JOURNAL:
        assert isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert f"{table} 只增不改（{operation}）" in said
    elif name == "settlement_of_entry":
        own = "adjustment" in statement
        assert constraint == ("adjustment_taken_back" if own else "settlement_of_entry")
    elif name == "entry_fits":
        assert refused.value.diag.constraint_name == "entry_period_open"
        assert "统筹区 430500 的账期 2024-01 已经关闭" in said
    elif name == "person_fact_spouses":
        assert constraint == name and "一人同时只有一位配偶" in said
    elif name == "posting_fits":
        assert constraint == "posting_entry_there"
    elif table.startswith("inbox"):
        assert isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert f"收件簿只增不删（{operation}）" in said
    else:
        assert isinstance(refused.value, psycopg.errors.RestrictViolation)
        assert "事实只能新增或停用" in said and table.removesuffix("_never_emptied") in said


@pytest.mark.parametrize(
    ("area", "day"),
    [("430500", "2023-12-31"), ("430500", "2024-02-01"), ("532300", "2024-01-15")],
)
def test_a_closed_month_closes_its_own_days_in_its_own_area_only(
    world: Connection, area: str, day: str
) -> None:
    with world.transaction(force_rollback=True):
        # The day of service may lie in it: what counts is the day of the books.
        _copy(
            world,
            "entry",
            {"area": f"'{area}'", "accounting_date": f"'{day}'", "service_date": "'2024-01-15'"},
        )


JOURNAL = ("entry", "settlement", "posting", "closed_period", "seal", "sealed", "sealed_day")
WRITTEN = {
    "bigint": "77",
    "date": "'2030-01-01'",
    "timestamp with time zone": "'2030-01-01'",
    "text": "'x'",
    "jsonb": """'{"x": 1}'""",
}


@pytest.mark.parametrize("table", ["person_fact", "institution_fact"])
def test_a_fact_is_retired_once_and_nothing_else_of_it_changes(
    world: Connection, table: str
) -> None:
    columns = world.execute(
        "select column_name, data_type from information_schema.columns where table_name = %s"
        " and is_generated = 'NEVER'",
        [table],
    ).fetchall()
    assert len(columns) >= 10
    for column, kind in columns:
        change = f"update {table} set {column} = {WRITTEN[kind]}"
        if column == "retired_at":
            continue
        for also in ("", ", retired_at = now()"):
            with pytest.raises(psycopg.errors.RestrictViolation), world.transaction():
                world.execute(change + also)
    with world.transaction(force_rollback=True):
        assert world.execute(f"update {table} set retired_at = now() where id = 1000").rowcount == 1
        for again in ("null", "now() + interval '1 day'"):
            with pytest.raises(psycopg.errors.RestrictViolation), world.transaction():
                world.execute(f"update {table} set retired_at = {again}")

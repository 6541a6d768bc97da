"""The role of the gateways: it owns nothing, and on the journal it may only read and add."""

from django.db import migrations

ROLE = """
do $$ begin
  if not exists (select 1 from pg_roles where rolname = 'gongji_gateway') then
    create role gongji_gateway nologin;
  end if;
exception when duplicate_object then null; when unique_violation then null;
end $$;
grant usage on schema public to gongji_gateway;
grant usage on all sequences in schema public to gongji_gateway;
grant select on person, institution, institution_fact, credential, item_version, item_match,
  person_fact, entry, settlement, posting, balance, meter_use, closed_period, review_flag, visit,
  charge_batch, settlement_batch,
  fee_line, prescription_use, message, sign_in, file_ticket to gongji_gateway;
grant insert on person_fact, item_match, entry, settlement, posting, balance, meter_use, review_flag, visit,
  charge_batch, settlement_batch, fee_line, prescription_use, message, sign_in, file_ticket to gongji_gateway;
grant update on balance, meter_use to gongji_gateway;
grant update (id) on person to gongji_gateway;
grant update (retired_at) on person_fact, item_match to gongji_gateway;
grant update (settled_by) on review_flag to gongji_gateway;
grant update (withdrawn_at, med_type, disease, details, diagnoses) on visit to gongji_gateway;
grant update (withdrawn_at) on charge_batch to gongji_gateway;
grant update (released_at) on prescription_use, settlement_batch to gongji_gateway;
grant update (state, reply, entry) on message to gongji_gateway;
grant update (signed_out_at) on sign_in to gongji_gateway;
grant select, insert, delete on nonce to gongji_gateway;
grant select on entry_kind, entry_moves, chart, law_version to gongji_gateway;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0001_tables"),
        ("catalogue", "0001_tables"),
        ("settlement", "0001_tables"),
    ]
    operations = [
        migrations.RunSQL(ROLE, "drop owned by gongji_gateway;"),
    ]

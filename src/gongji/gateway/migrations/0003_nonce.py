"""Nonces of signatures, used once over all gateways; unlogged, since they are kept for minutes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gateway", "0002_role")]
    operations = [
        migrations.RunSQL(
            """
create unlogged table nonce (
  access_key varchar(64) not null,
  nonce varchar(100) not null,
  digest bytea,
  seen_at timestamptz not null default now(),
  primary key (access_key, nonce));
create index nonce_seen on nonce (seen_at);
grant select, insert, delete on nonce to gongji_gateway;
""",
            "drop table nonce;",
        )
    ]

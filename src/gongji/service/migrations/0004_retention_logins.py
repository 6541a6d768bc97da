"""The logins' keys to what is destroyed and corrected."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [
        ("service", "0003_law_changes"),
        ("platform", "0003_retention"),
        ("people", "0002_corrections"),
        ("agency", "0001_tables"),
        ("ledger", "0002_trail_seals"),
    ]
    operations = [tables(__file__, "retention_logins.sql")]

"""The trail, sealed by the day."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables"), ("platform", "0003_retention")]
    operations = [tables(__file__, "trail_seals.sql")]

"""Commands, steps, runs, evidence; who looked at what."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_tables"), ("review", "0001_tables")]
    operations = [tables(__file__, "commands.sql"), tables(__file__, "trail.sql")]

"""The journal and what is kept beside it."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("people", "0001_tables"), ("platform", "0002_commands")]
    operations = [tables(__file__, "tables.sql")]

"""Versions of items, and what institutions call them."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("institutions", "0001_tables")]
    operations = [tables(__file__, "tables.sql")]

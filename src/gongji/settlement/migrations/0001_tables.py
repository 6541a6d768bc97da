"""Visits, fee lines, prescriptions."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables"), ("institutions", "0001_tables")]
    operations = [tables(__file__, "tables.sql")]

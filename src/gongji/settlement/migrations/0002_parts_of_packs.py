"""Quantities have four decimals."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_tables")]
    operations = [step(__file__)]

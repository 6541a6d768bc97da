"""The policy page asks for a job of staff."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("console", "0001_tables"), ("review", "0004_one_kind_of_job")]
    operations = [step(__file__)]

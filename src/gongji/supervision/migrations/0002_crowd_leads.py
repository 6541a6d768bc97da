"""The rule by which flags of the trail become findings."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("supervision", "0001_tables")]
    operations = [step(__file__)]

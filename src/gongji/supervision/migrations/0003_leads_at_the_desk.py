"""The rule by which what a report showed becomes a finding."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("supervision", "0002_crowd_leads")]
    operations = [step(__file__)]

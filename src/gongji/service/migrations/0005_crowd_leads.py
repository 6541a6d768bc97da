"""The jobs' keys to the leads that they make."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("service", "0004_retention_logins"), ("supervision", "0002_crowd_leads")]
    operations = [step(__file__)]

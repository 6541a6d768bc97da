"""Where the jobs make the months of messages."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("service", "0005_crowd_leads")]
    operations = [step(__file__)]

"""The console adds a version of a law by an approved command only."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("service", "0002_review_logins")]
    operations = [step(__file__)]

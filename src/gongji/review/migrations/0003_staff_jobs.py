"""Jobs that staff ask for."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("review", "0002_agencies"), ("service", "0002_review_logins")]
    operations = [step(__file__)]

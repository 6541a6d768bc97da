"""Jobs of staff are stopped, kept and forgotten in one way."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("review", "0003_staff_jobs")]
    operations = [step(__file__)]

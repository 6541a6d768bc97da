"""The entries of an institution in their order."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_trail_seals")]
    operations = [step(__file__)]

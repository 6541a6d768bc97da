"""One wall of settlements, whose entries are looked up by their key."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_institution_entries")]
    operations = [step(__file__)]

"""What institutions did on a day, as each seal took it."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_settlement_wall")]
    operations = [step(__file__)]

"""Who reads what institutions did on days that were sealed."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("service", "0006_message_months"), ("ledger", "0005_sealed_days")]
    operations = [step(__file__)]

"""How institutions are paid."""

from django.db import migrations

from gongji.platform.tables import tables


class Migration(migrations.Migration):
    dependencies = [("platform", "0004_commands"), ("settlement", "0001_initial")]
    operations = [tables(__file__, "tables.sql")]

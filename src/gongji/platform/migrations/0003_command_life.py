"""The life of commands: where they are handed in, whom they concern, the order of their steps."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("platform", "0002_commands"), ("review", "0002_agencies")]
    operations = [tables(__file__, "command_life.sql")]

"""What is destroyed once its time is over."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("platform", "0002_commands")]
    operations = [tables(__file__, "retention.sql")]

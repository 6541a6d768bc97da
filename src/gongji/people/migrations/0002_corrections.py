"""What was corrected of persons."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("people", "0001_tables"), ("platform", "0003_retention")]
    operations = [tables(__file__, "corrections.sql")]

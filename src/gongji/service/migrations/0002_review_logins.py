"""The logins' keys to the tables of review and to the life of commands."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [
        ("service", "0001_logins"),
        ("review", "0002_agencies"),
        ("agency", "0001_tables"),
    ]
    operations = [tables(__file__, "review_logins.sql")]

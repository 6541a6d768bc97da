"""The inbox, the walls that rooms share, the laws that areas were governed by."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies: list[tuple[str, str]] = []
    operations = [
        tables(__file__, "inbox.sql"),
        tables(__file__, "walls.sql"),
        tables(__file__, "facts.sql"),
        tables(__file__, "laws.sql"),
    ]

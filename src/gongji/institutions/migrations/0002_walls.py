"""No two facts about an institution of one kind and key may overlap in both of their times."""

from django.db import migrations

from gongji.platform.dated_facts import fact_walls, without_walls


class Migration(migrations.Migration):
    dependencies = [("institutions", "0001_initial")]
    operations = [
        migrations.RunSQL(
            fact_walls("institution_fact", "institution"), without_walls("institution_fact")
        )
    ]

"""No two facts about a person of one kind and key may overlap in both of their times."""

from django.db import migrations

from gongji.platform.dated_facts import fact_walls, without_walls

INDEXES = """
create index person_fact_serial on person_fact ((details -> 'serial')) where details ? 'serial';
create index person_fact_stay on person_fact ((details ->> 'institution'))
  where kind = 'stay' and retired_at is null;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.RunSQL(
            fact_walls("person_fact", "person_id") + INDEXES, without_walls("person_fact")
        )
    ]

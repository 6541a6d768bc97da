"""No two versions of an item may overlap in both of their times."""

from django.db import migrations

VERSIONS = """
alter table item_version add column slot bigint
  generated always as (hashtextextended(area || '|' || item, 0)) stored;
alter table item_version add constraint item_version_one_at_a_time exclude using gist (
  int8range(slot, slot, '[]') with &&,
  daterange(since, until) with &&,
  tstzrange(learnt_at, retired_at) with &&);
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]
    operations = [migrations.RunSQL(VERSIONS, "alter table item_version drop column slot cascade;")]

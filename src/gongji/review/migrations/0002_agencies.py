"""Agencies, stand-ins, invitations, the calendar of working days."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [("review", "0001_tables"), ("platform", "0002_commands")]
    operations = [tables(__file__, "agencies.sql")]

"""Who adds findings at the desk."""

from django.db import migrations

from gongji.platform.sql_tables import step


class Migration(migrations.Migration):
    dependencies = [("service", "0007_sealed_days"), ("supervision", "0003_leads_at_the_desk")]
    operations = [step(__file__)]

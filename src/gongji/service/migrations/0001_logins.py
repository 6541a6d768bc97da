"""The logins of the processes, and what each may do."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0001_tables"),
        ("catalogue", "0001_tables"),
        ("supervision", "0001_tables"),
        ("sessions", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [tables(__file__, "logins.sql")]

"""Sessions of the console, and which accounts each face reaches."""

from django.db import migrations

from gongji.platform.sql_tables import tables


class Migration(migrations.Migration):
    dependencies = [
        ("service", "0002_review_logins"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("axes", "0010_accessattemptexpiration"),
    ]
    operations = [tables(__file__, "tables.sql")]

"""The tables as models.py describes them."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="FileTicket",
            fields=[
                ("number", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("institution", models.CharField(help_text="plc: for everyone", max_length=12)),
                ("name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "db_table": "file_ticket",
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("sign_no", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("institution", models.CharField(max_length=12)),
                ("operator", models.CharField(max_length=30)),
                ("signed_in_at", models.DateTimeField()),
                ("signed_out_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "sign_in",
            },
        ),
    ]

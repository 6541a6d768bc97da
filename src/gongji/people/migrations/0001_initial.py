"""The tables as models.py describes them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("psn_no", models.CharField(max_length=30, unique=True)),
                ("area", models.CharField(max_length=6)),
                ("name", models.CharField(max_length=50)),
                ("sex", models.CharField(db_default="9", max_length=1)),
                ("ethnicity", models.CharField(db_default="01", max_length=3)),
                ("certificate_kind", models.CharField(db_default="01", max_length=6)),
                ("certificate", models.BinaryField()),
                ("certificate_hash", models.BinaryField()),
                ("card_hash", models.BinaryField(null=True)),
                (
                    "learnt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "person",
                "indexes": [
                    models.Index(fields=["area", "id"], name="person_area"),
                    models.Index(
                        condition=models.Q(("card_hash__isnull", False)),
                        fields=["card_hash"],
                        name="person_card",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("certificate_hash", "certificate_kind"), name="person_certificate"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonFact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("key", models.CharField(db_default="", max_length=60)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "learnt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("retired_at", models.DateTimeField(null=True)),
                ("details", models.JSONField(db_default=models.Value({}, models.JSONField()))),
                ("source", models.CharField(db_default="", max_length=100)),
                ("area", models.CharField(max_length=6)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facts",
                        to="people.person",
                    ),
                ),
            ],
            options={
                "db_table": "person_fact",
                "indexes": [
                    models.Index(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=["person", "kind"],
                        name="person_fact_known",
                    ),
                    models.Index(fields=["person", "learnt_at"], name="person_fact_history"),
                ],
            },
        ),
    ]

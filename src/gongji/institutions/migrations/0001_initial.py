"""The tables as models.py describes them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Institution",
            fields=[
                ("code", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("area", models.CharField(max_length=6)),
                ("name", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("hospital", "医疗机构"), ("pharmacy", "零售药店")], max_length=10
                    ),
                ),
                (
                    "grade",
                    models.CharField(
                        db_default="", help_text="national code of the grade", max_length=6
                    ),
                ),
                ("uscc", models.CharField(db_default="", max_length=50)),
            ],
            options={
                "db_table": "institution",
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("access_key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("secret", models.BinaryField()),
                (
                    "since",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "institution",
                    models.ForeignKey(
                        db_column="institution",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="institutions.institution",
                    ),
                ),
            ],
            options={
                "db_table": "credential",
            },
        ),
        migrations.CreateModel(
            name="InstitutionFact",
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
                (
                    "institution",
                    models.ForeignKey(
                        db_column="institution",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facts",
                        to="institutions.institution",
                    ),
                ),
            ],
            options={
                "db_table": "institution_fact",
                "indexes": [
                    models.Index(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=["institution"],
                        name="institution_fact_known",
                    )
                ],
            },
        ),
    ]

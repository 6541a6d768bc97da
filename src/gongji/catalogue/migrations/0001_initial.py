"""The tables as models.py describes them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("institutions", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ItemVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("area", models.CharField(max_length=6)),
                ("item", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=200)),
                ("list_type", models.CharField(help_text="101, 201, 301 …", max_length=6)),
                (
                    "charge_type",
                    models.CharField(help_text="national fee category, 01 to 14", max_length=3),
                ),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "learnt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "grade",
                    models.CharField(
                        choices=[("甲", "甲"), ("乙", "乙"), ("丙", "丙")], max_length=1
                    ),
                ),
                ("first_self_pay_ppm", models.IntegerField(null=True)),
                ("standard_fen", models.BigIntegerField(null=True)),
                ("standard_1_fen", models.BigIntegerField(null=True)),
                ("standard_2_fen", models.BigIntegerField(null=True)),
                ("standard_3_fen", models.BigIntegerField(null=True)),
                ("listing_fen", models.BigIntegerField(null=True)),
                ("part", models.CharField(db_default="", max_length=30)),
                ("negotiated", models.BooleanField(db_default=False)),
                ("dual_channel", models.BooleanField(db_default=False)),
                ("restricted", models.BooleanField(db_default=False)),
                ("essential", models.BooleanField(db_default=False)),
                (
                    "diseases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        default=list,
                        help_text="diseases it is related to; empty: not told",
                        size=None,
                    ),
                ),
                ("specification", models.CharField(db_default="", max_length=200)),
                ("agreement_until", models.DateField(null=True)),
            ],
            options={
                "db_table": "item_version",
                "indexes": [
                    models.Index(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=["area", "item"],
                        name="item_version_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemMatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("own_item", models.CharField(max_length=150)),
                ("own_name", models.CharField(max_length=200)),
                ("list_type", models.CharField(max_length=30)),
                ("item", models.CharField(max_length=50)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "learnt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("retired_at", models.DateTimeField(null=True)),
                ("details", models.JSONField(db_default=models.Value({}, models.JSONField()))),
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
                "db_table": "item_match",
                "indexes": [
                    models.Index(fields=["institution", "own_item"], name="item_match_own")
                ],
            },
        ),
    ]

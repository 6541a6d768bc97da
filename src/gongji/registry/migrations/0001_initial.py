"""The tables as models.py describes them."""

import django.contrib.postgres.fields
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
                        to="registry.institution",
                    ),
                ),
            ],
            options={
                "db_table": "credential",
            },
        ),
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
                        to="registry.institution",
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
                        to="registry.institution",
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
                        to="registry.person",
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

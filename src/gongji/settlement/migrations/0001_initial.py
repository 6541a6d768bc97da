"""The tables as models.py describes them."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0001_initial"),
        ("people", "0001_initial"),
        ("institutions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "institution",
                        "msgid",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("institution", models.CharField(max_length=12)),
                ("msgid", models.CharField(max_length=100)),
                ("infno", models.CharField(max_length=10)),
                ("content_hash", models.BinaryField()),
                (
                    "content",
                    models.JSONField(
                        default=dict, help_text="the normalised input, to name differences"
                    ),
                ),
                ("state", models.CharField(db_default="done", max_length=8)),
                ("reply", models.BinaryField(null=True)),
                ("entry", models.BigIntegerField(null=True)),
                (
                    "received_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "message",
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("area", models.CharField(max_length=6)),
                ("msgid", models.CharField(max_length=100)),
                ("begun_at", models.DateTimeField()),
                ("med_type", models.CharField(db_default="11", max_length=6)),
                ("disease", models.CharField(db_default="", max_length=30)),
                (
                    "number",
                    models.CharField(
                        db_default="", help_text="the institution's own number", max_length=30
                    ),
                ),
                ("details", models.JSONField(default=dict)),
                ("diagnoses", models.JSONField(default=list)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "institution",
                    models.ForeignKey(
                        db_column="institution",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="institutions.institution",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="people.person"
                    ),
                ),
            ],
            options={
                "db_table": "visit",
            },
        ),
        migrations.CreateModel(
            name="ChargeBatch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=30)),
                ("disease", models.CharField(db_default="", max_length=30)),
                ("total_fen", models.BigIntegerField()),
                ("above_standard_fen", models.BigIntegerField()),
                ("wholly_own_fen", models.BigIntegerField()),
                ("first_self_pay_fen", models.BigIntegerField()),
                ("in_scope_fen", models.BigIntegerField()),
                ("parts", models.JSONField(default=dict)),
                ("marks", models.JSONField(default=dict)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "settled_by",
                    models.BigIntegerField(
                        help_text="the entry that settled it, if it stands", null=True
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="settlement.visit",
                    ),
                ),
            ],
            options={
                "db_table": "charge_batch",
            },
        ),
        migrations.CreateModel(
            name="FeeLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("serial", models.CharField(max_length=30)),
                ("item", models.CharField(max_length=50)),
                ("own_item", models.CharField(db_default="", max_length=150)),
                (
                    "version",
                    models.BigIntegerField(
                        help_text="the version of the item that priced it", null=True
                    ),
                ),
                ("quantity_milli", models.BigIntegerField()),
                ("price_micro", models.BigIntegerField(help_text="millionths of a yuan")),
                ("amount_fen", models.BigIntegerField()),
                ("above_standard_fen", models.BigIntegerField()),
                ("wholly_own_fen", models.BigIntegerField()),
                ("first_self_pay_fen", models.BigIntegerField()),
                ("in_scope_fen", models.BigIntegerField()),
                ("details", models.JSONField(default=dict)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="settlement.chargebatch",
                    ),
                ),
            ],
            options={
                "db_table": "fee_line",
                "indexes": [models.Index(fields=["batch"], name="fee_line_batch")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount_fen",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("above_standard_fen"),
                                            "+",
                                            models.F("wholly_own_fen"),
                                        ),
                                        "+",
                                        models.F("first_self_pay_fen"),
                                    ),
                                    "+",
                                    models.F("in_scope_fen"),
                                ),
                            )
                        ),
                        name="fee_line_splits",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PrescriptionUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("prescriber", models.CharField(max_length=12)),
                ("number", models.CharField(max_length=30)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="ledger.entry"
                    ),
                ),
            ],
            options={
                "db_table": "prescription_use",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=("prescriber", "number"),
                        name="prescription_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["person", "begun_at"], name="visit_person"),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["institution", "begun_at"], name="visit_institution"),
        ),
        migrations.AddConstraint(
            model_name="chargebatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("visit", "number"),
                name="charge_batch_number",
            ),
        ),
    ]

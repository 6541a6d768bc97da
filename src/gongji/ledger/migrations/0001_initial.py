"""The tables as models.py describes them."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedPeriod",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "area",
                        "month",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("area", models.CharField(max_length=6)),
                ("month", models.DateField(help_text="its first day")),
                (
                    "closed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("closed_by", models.CharField(db_default="", max_length=60)),
            ],
            options={
                "db_table": "closed_period",
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("area", models.CharField(max_length=6)),
                ("institution", models.CharField(db_default="", max_length=12)),
                ("kind", models.CharField(max_length=16)),
                (
                    "visit",
                    models.BigIntegerField(help_text="the visit (settlement.Visit)", null=True),
                ),
                ("batch", models.BigIntegerField(help_text="its batch of fee lines", null=True)),
                ("msgid", models.CharField(db_default="", max_length=100)),
                ("service_date", models.DateField()),
                ("accounting_date", models.DateField()),
                (
                    "settled_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("benefit", models.CharField(db_default="", max_length=30)),
                ("total_fen", models.BigIntegerField(db_default=0)),
                ("above_standard_fen", models.BigIntegerField(db_default=0)),
                ("wholly_own_fen", models.BigIntegerField(db_default=0)),
                ("first_self_pay_fen", models.BigIntegerField(db_default=0)),
                ("in_scope_fen", models.BigIntegerField(db_default=0)),
                ("deductible_fen", models.BigIntegerField(db_default=0)),
                ("pool_fen", models.BigIntegerField(db_default=0)),
                ("supplements_fen", models.BigIntegerField(db_default=0)),
                ("account_fen", models.BigIntegerField(db_default=0)),
                ("family_fen", models.BigIntegerField(db_default=0)),
                ("cash_fen", models.BigIntegerField(db_default=0)),
                ("borne_fen", models.BigIntegerField(db_default=0)),
                ("meters", models.JSONField(default=list)),
                ("facts", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("rulebook", models.CharField(db_default="", max_length=200)),
                ("law_hash", models.CharField(db_default="", max_length=64)),
                ("engine", models.CharField(db_default="", max_length=20)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="people.person",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.entry"
                    ),
                ),
            ],
            options={
                "db_table": "entry",
            },
        ),
        migrations.CreateModel(
            name="MeterUse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "area",
                        "person_id",
                        "period",
                        "slot",
                        "code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("area", models.CharField(max_length=6)),
                ("period", models.CharField(max_length=12)),
                ("slot", models.CharField(db_default="", max_length=120)),
                ("code", models.CharField(max_length=80)),
                ("used_fen", models.BigIntegerField(db_default=0)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="people.person",
                    ),
                ),
            ],
            options={
                "db_table": "meter_use",
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("area", models.CharField(max_length=6)),
                ("debit", models.CharField(max_length=40)),
                ("debit_owner", models.CharField(db_default="", max_length=30)),
                ("credit", models.CharField(max_length=40)),
                ("credit_owner", models.CharField(db_default="", max_length=30)),
                ("amount_fen", models.BigIntegerField()),
                ("article", models.CharField(db_default="", max_length=300)),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "db_table": "posting",
            },
        ),
        migrations.CreateModel(
            name="ReviewFlag",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=300)),
                (
                    "raised_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "cause",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="caused",
                        to="ledger.entry",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="flags",
                        to="ledger.entry",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settles",
                        to="ledger.entry",
                    ),
                ),
            ],
            options={
                "db_table": "review_flag",
            },
        ),
        migrations.CreateModel(
            name="Balance",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "area",
                        "person_id",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("area", models.CharField(max_length=6)),
                ("kind", models.CharField(max_length=12)),
                ("amount_fen", models.BigIntegerField(db_default=0)),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="people.person",
                    ),
                ),
            ],
            options={
                "db_table": "balance",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen__gte", 0)), name="balance_not_negative"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["person", "service_date"], name="entry_person"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["institution", "accounting_date"], name="entry_institution"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("visit__isnull", False)), fields=["visit"], name="entry_visit"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("pool_fen"), "+", models.F("supplements_fen")
                                        ),
                                        "+",
                                        models.F("account_fen"),
                                    ),
                                    "+",
                                    models.F("family_fen"),
                                ),
                                "+",
                                models.F("cash_fen"),
                            ),
                            "+",
                            models.F("borne_fen"),
                        ),
                    )
                ),
                name="entry_conserves",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_fen",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("above_standard_fen"), "+", models.F("wholly_own_fen")
                                ),
                                "+",
                                models.F("first_self_pay_fen"),
                            ),
                            "+",
                            models.F("in_scope_fen"),
                        ),
                    ),
                    models.Q(("kind__in", ("settlement", "cancellation")), _negated=True),
                    _connector="OR",
                ),
                name="entry_splits",
            ),
        ),
        migrations.AddConstraint(
            model_name="meteruse",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_fen__gte", 0)), name="meter_not_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("debit__in", ("account", "receivable", "payable"))),
                fields=["debit_owner"],
                name="posting_debit_person",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("credit__in", ("account", "receivable", "payable"))),
                fields=["credit_owner"],
                name="posting_credit_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_fen__gt", 0)), name="posting_positive"
            ),
        ),
    ]

"""The journal (entries and postings, only ever added to) and what is kept beside it for speed.

An entry is one event that moves money or meters; a posting is one movement of money, from a credit
account to a debit account. Meters and balances can be rebuilt from the journal at any time. An
account is a kind (`gongji.ledger.chart`) and an owner.
"""

from django.db import models


class Entry(models.Model):
    """One event: a settlement, its cancellation, an opening, an inpatient payment, an adjustment.

    Units:   fen. Amounts of a cancellation are below zero.
    Shape:   `meters` rows of [code, period, slot, moved by]; `facts` what it was decided on;
             `result` what was decided, with its articles.
    Ensures: total = pool + supplements + account + family + cash + borne (CHECK).
    """

    id = models.BigAutoField(primary_key=True)
    area = models.CharField(max_length=6)
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, db_index=False)
    institution = models.CharField(max_length=12, db_default="")
    kind = models.CharField(max_length=16)
    visit = models.BigIntegerField(null=True, help_text="the visit (settlement.Visit)")
    batch = models.BigIntegerField(null=True, help_text="its batch of fee lines")
    msgid = models.CharField(max_length=100, db_default="")
    service_date = models.DateField()
    accounting_date = models.DateField()
    settled_at = models.DateTimeField(db_default=models.functions.Now())
    benefit = models.CharField(max_length=30, db_default="")
    total_fen = models.BigIntegerField(db_default=0)
    above_standard_fen = models.BigIntegerField(db_default=0)
    wholly_own_fen = models.BigIntegerField(db_default=0)
    first_self_pay_fen = models.BigIntegerField(db_default=0)
    in_scope_fen = models.BigIntegerField(db_default=0)
    deductible_fen = models.BigIntegerField(db_default=0)
    pool_fen = models.BigIntegerField(db_default=0)
    supplements_fen = models.BigIntegerField(db_default=0)
    account_fen = models.BigIntegerField(db_default=0)
    family_fen = models.BigIntegerField(db_default=0)
    cash_fen = models.BigIntegerField(db_default=0)
    borne_fen = models.BigIntegerField(db_default=0)
    meters = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    reverses = models.OneToOneField("self", models.PROTECT, null=True)
    rulebook = models.CharField(max_length=200, db_default="")
    law_hash = models.CharField(max_length=64, db_default="")
    engine = models.CharField(max_length=20, db_default="")

    class Meta:
        db_table = "entry"
        constraints = [
            models.CheckConstraint(
                name="entry_conserves",
                condition=models.Q(
                    total_fen=models.F("pool_fen")
                    + models.F("supplements_fen")
                    + models.F("account_fen")
                    + models.F("family_fen")
                    + models.F("cash_fen")
                    + models.F("borne_fen")
                ),
            ),
            models.CheckConstraint(
                name="entry_splits",
                condition=models.Q(
                    total_fen=models.F("above_standard_fen")
                    + models.F("wholly_own_fen")
                    + models.F("first_self_pay_fen")
                    + models.F("in_scope_fen")
                )
                | ~models.Q(kind__in=("settlement", "cancellation")),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "service_date"], name="entry_person"),
            models.Index(fields=["institution", "accounting_date"], name="entry_institution"),
            models.Index(
                fields=["visit"], name="entry_visit", condition=models.Q(visit__isnull=False)
            ),
        ]


class Posting(models.Model):
    """One movement of money: `amount_fen` from the credit account to the debit account."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(
        # The database checks it a statement at a time (0002_walls), not a row at a time.
        Entry,
        models.PROTECT,
        related_name="postings",
        db_constraint=False,
    )
    area = models.CharField(max_length=6)
    debit = models.CharField(max_length=40)
    debit_owner = models.CharField(max_length=30, db_default="")
    credit = models.CharField(max_length=40)
    credit_owner = models.CharField(max_length=30, db_default="")
    amount_fen = models.BigIntegerField()
    article = models.CharField(max_length=300, db_default="")

    class Meta:
        db_table = "posting"
        constraints = [
            models.CheckConstraint(name="posting_positive", condition=models.Q(amount_fen__gt=0)),
        ]
        indexes = [
            models.Index(
                fields=["debit_owner"],
                name="posting_debit_person",
                condition=models.Q(debit__in=("account", "receivable", "payable")),
            ),
            models.Index(
                fields=["credit_owner"],
                name="posting_credit_person",
                condition=models.Q(credit__in=("account", "receivable", "payable")),
            ),
        ]


class Balance(models.Model):
    """What is on a person's account, receivable or payable; never below zero."""

    pk = models.CompositePrimaryKey("area", "person_id", "kind")
    area = models.CharField(max_length=6)
    person = models.ForeignKey("people.Person", models.PROTECT, db_constraint=False)
    kind = models.CharField(max_length=12)
    amount_fen = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "balance"
        constraints = [
            models.CheckConstraint(
                name="balance_not_negative", condition=models.Q(amount_fen__gte=0)
            ),
        ]


class MeterUse(models.Model):
    """What a person has used of a meter in a period, for a slot (a disease, a drug, a visit)."""

    pk = models.CompositePrimaryKey("area", "person_id", "period", "slot", "code")
    area = models.CharField(max_length=6)
    person = models.ForeignKey("people.Person", models.PROTECT, db_constraint=False)
    period = models.CharField(max_length=12)
    slot = models.CharField(max_length=120, db_default="")
    code = models.CharField(max_length=80)
    used_fen = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "meter_use"
        constraints = [
            models.CheckConstraint(name="meter_not_negative", condition=models.Q(used_fen__gte=0)),
        ]


class ClosedPeriod(models.Model):
    """A month whose books are closed: nothing more is entered with a date in it."""

    pk = models.CompositePrimaryKey("area", "month")
    area = models.CharField(max_length=6)
    month = models.DateField(help_text="its first day")
    closed_at = models.DateTimeField(db_default=models.functions.Now())
    closed_by = models.CharField(max_length=60, db_default="")

    class Meta:
        db_table = "closed_period"


class ReviewFlag(models.Model):
    """A settlement that stands on one which was cancelled: for the agency's re-adjudication."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="flags")
    cause = models.ForeignKey(Entry, models.PROTECT, related_name="caused")
    reason = models.CharField(max_length=300)
    raised_at = models.DateTimeField(db_default=models.functions.Now())
    settled_by = models.ForeignKey(Entry, models.PROTECT, null=True, related_name="settles")

    class Meta:
        db_table = "review_flag"

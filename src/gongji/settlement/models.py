"""What institutions send before and with a settlement: visits, fee lines, messages, prescriptions.

These are working papers, not money: a visit can be withdrawn and a batch of lines taken back while
nothing of it is settled. Nothing that was accepted is deleted.
"""

from django.db import models


class Visit(models.Model):
    """A registration (挂号) or the purchase at a pharmacy; its id is the mdtrt_id."""

    id = models.BigAutoField(primary_key=True)
    area = models.CharField(max_length=6)
    person = models.ForeignKey("people.Person", models.PROTECT)
    institution = models.ForeignKey(
        "institutions.Institution", models.PROTECT, db_column="institution"
    )
    msgid = models.CharField(max_length=100)
    begun_at = models.DateTimeField()
    med_type = models.CharField(max_length=6, db_default="11")
    disease = models.CharField(max_length=30, db_default="")
    number = models.CharField(
        max_length=30, db_default="", help_text="the institution's own number"
    )
    details = models.JSONField(default=dict)
    diagnoses = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "visit"
        indexes = [
            models.Index(fields=["person", "begun_at"], name="visit_person"),
            models.Index(fields=["institution", "begun_at"], name="visit_institution"),
        ]


class ChargeBatch(models.Model):
    """The fee lines of one upload (chrg_bchno), priced and added up.

    Units:   fen.
    Shape:   `parts`: in-scope cost by part of the rulebook; `marks`: what the lines say of the
             settlement: drugs negotiated or dual-channel, diseases, prescriptions, warnings.
    """

    id = models.BigAutoField(primary_key=True)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="batches", db_index=False)
    number = models.CharField(max_length=30)
    disease = models.CharField(max_length=30, db_default="")
    total_fen = models.BigIntegerField()
    above_standard_fen = models.BigIntegerField()
    wholly_own_fen = models.BigIntegerField()
    first_self_pay_fen = models.BigIntegerField()
    in_scope_fen = models.BigIntegerField()
    parts = models.JSONField(default=dict)
    marks = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    withdrawn_at = models.DateTimeField(null=True)
    settled_by = models.BigIntegerField(
        null=True, help_text="the entry that settled it, if it stands"
    )

    class Meta:
        db_table = "charge_batch"
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "number"],
                name="charge_batch_number",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
        ]


class FeeLine(models.Model):
    """One fee line as it was sent, and what it was split into."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ChargeBatch, models.PROTECT, related_name="lines")
    serial = models.CharField(max_length=30)
    item = models.CharField(max_length=50)
    own_item = models.CharField(max_length=150, db_default="")
    version = models.BigIntegerField(null=True, help_text="the version of the item that priced it")
    quantity_milli = models.BigIntegerField()
    price_micro = models.BigIntegerField(help_text="millionths of a yuan")
    amount_fen = models.BigIntegerField()
    above_standard_fen = models.BigIntegerField()
    wholly_own_fen = models.BigIntegerField()
    first_self_pay_fen = models.BigIntegerField()
    in_scope_fen = models.BigIntegerField()
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "fee_line"
        constraints = [
            models.CheckConstraint(
                name="fee_line_splits",
                condition=models.Q(
                    amount_fen=models.F("above_standard_fen")
                    + models.F("wholly_own_fen")
                    + models.F("first_self_pay_fen")
                    + models.F("in_scope_fen")
                ),
            ),
        ]
        indexes = [models.Index(fields=["batch"], name="fee_line_batch")]


class PrescriptionUse(models.Model):
    """A prescription filled elsewhere, used once while the settlement stands."""

    id = models.BigAutoField(primary_key=True)
    prescriber = models.CharField(max_length=12)
    number = models.CharField(max_length=30)
    entry = models.ForeignKey("ledger.Entry", models.PROTECT)
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "prescription_use"
        constraints = [
            models.UniqueConstraint(
                fields=["prescriber", "number"],
                name="prescription_once",
                condition=models.Q(released_at__isnull=True),
            ),
        ]


class Message(models.Model):
    """A request that changed something, with its answer: the memory of exactly once.

    Shape:   `state` done: answered by `reply`; barred: reversed (2601) before it arrived.
    """

    pk = models.CompositePrimaryKey("institution", "msgid")
    institution = models.CharField(max_length=12)
    msgid = models.CharField(max_length=100)
    infno = models.CharField(max_length=10)
    content_hash = models.BinaryField()
    content = models.JSONField(default=dict, help_text="the normalised input, to name differences")
    state = models.CharField(max_length=8, db_default="done")
    reply = models.BinaryField(null=True)
    entry = models.BigIntegerField(null=True)
    received_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        db_table = "message"

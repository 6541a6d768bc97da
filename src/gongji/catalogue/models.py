"""The catalogue of areas, and what institutions matched to it, with two times on every row."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ItemVersion(models.Model):
    """A version of a catalogue item in an area: class, first self-pay, prices (fen), flags."""

    id = models.BigAutoField(primary_key=True)
    area = models.CharField(max_length=6)
    item = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    list_type = models.CharField(max_length=6, help_text="101, 201, 301 …")
    charge_type = models.CharField(max_length=3, help_text="national fee category, 01 to 14")
    since = models.DateField()
    until = models.DateField(null=True)
    learnt_at = models.DateTimeField(db_default=models.functions.Now())
    retired_at = models.DateTimeField(null=True)
    grade = models.CharField(max_length=1, choices=[("甲", "甲"), ("乙", "乙"), ("丙", "丙")])
    first_self_pay_ppm = models.IntegerField(null=True)
    standard_fen = models.BigIntegerField(null=True)
    standard_1_fen = models.BigIntegerField(null=True)
    standard_2_fen = models.BigIntegerField(null=True)
    standard_3_fen = models.BigIntegerField(null=True)
    listing_fen = models.BigIntegerField(null=True)
    part = models.CharField(max_length=30, db_default="")
    negotiated = models.BooleanField(db_default=False)
    dual_channel = models.BooleanField(db_default=False)
    restricted = models.BooleanField(db_default=False)
    essential = models.BooleanField(db_default=False)
    diseases = ArrayField(
        models.CharField(max_length=30),
        default=list,
        help_text="diseases it is related to; empty: not told",
    )
    specification = models.CharField(max_length=200, db_default="")
    agreement_until = models.DateField(null=True)

    class Meta:
        db_table = "item_version"
        indexes = [
            models.Index(
                fields=["area", "item"],
                name="item_version_known",
                condition=models.Q(retired_at__isnull=True),
            ),
        ]


class ItemMatch(models.Model):
    """An institution's own item matched to the national catalogue (3301, taken back by 3302)."""

    id = models.BigAutoField(primary_key=True)
    institution = models.ForeignKey(
        "institutions.Institution", models.PROTECT, db_column="institution"
    )
    own_item = models.CharField(max_length=150)
    own_name = models.CharField(max_length=200)
    list_type = models.CharField(max_length=30)
    item = models.CharField(max_length=50)
    since = models.DateField()
    until = models.DateField(null=True)
    learnt_at = models.DateTimeField(db_default=models.functions.Now())
    retired_at = models.DateTimeField(null=True)
    details = models.JSONField(db_default=models.Value({}, models.JSONField()))

    class Meta:
        db_table = "item_match"
        indexes = [models.Index(fields=["institution", "own_item"], name="item_match_own")]

"""Persons, institutions and the catalogue, with two times on every fact.

A fact holds over days (`since` to `until`, the first day after) and is known over instants
(`learnt_at` to `retired_at`). Facts are added and retired, never changed: what was known at an
instant can always be asked again. The database forbids two facts of one kind and key that overlap
in both times. What a kind's `details` hold is in `gongji.registry.fact_kinds`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Person(models.Model):
    """An insured person; the identity number is encrypted, and found by its keyed hash."""

    id = models.BigAutoField(primary_key=True)
    psn_no = models.CharField(max_length=30, unique=True)
    area = models.CharField(max_length=6)
    name = models.CharField(max_length=50)
    sex = models.CharField(max_length=1, db_default="9")
    ethnicity = models.CharField(max_length=3, db_default="01")
    certificate_kind = models.CharField(max_length=6, db_default="01")
    certificate = models.BinaryField()
    certificate_hash = models.BinaryField()
    card_hash = models.BinaryField(null=True)
    learnt_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        db_table = "person"
        constraints = [
            models.UniqueConstraint(
                fields=["certificate_hash", "certificate_kind"], name="person_certificate"
            ),
        ]
        indexes = [
            models.Index(fields=["area", "id"], name="person_area"),
            models.Index(
                fields=["card_hash"],
                name="person_card",
                condition=models.Q(card_hash__isnull=False),
            ),
        ]


class Fact(models.Model):
    """What the facts of persons and of institutions share."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=60, db_default="")
    since = models.DateField()
    until = models.DateField(null=True)
    learnt_at = models.DateTimeField(db_default=models.functions.Now())
    retired_at = models.DateTimeField(null=True)
    details = models.JSONField(db_default=models.Value({}, models.JSONField()))
    source = models.CharField(max_length=100, db_default="")

    class Meta:
        abstract = True


class PersonFact(Fact):
    """A fact about a person: insured spell, registration, selection, family bond, stay …"""

    person = models.ForeignKey(Person, models.PROTECT, related_name="facts", db_index=False)
    area = models.CharField(max_length=6)

    class Meta:
        db_table = "person_fact"
        indexes = [
            models.Index(
                fields=["person", "kind"],
                name="person_fact_known",
                condition=models.Q(retired_at__isnull=True),
            ),
            models.Index(fields=["person", "learnt_at"], name="person_fact_history"),
        ]


class Institution(models.Model):
    """A hospital or pharmacy by its national code."""

    code = models.CharField(max_length=12, primary_key=True)
    area = models.CharField(max_length=6)
    name = models.CharField(max_length=200)
    kind = models.CharField(
        max_length=10, choices=[("hospital", "医疗机构"), ("pharmacy", "零售药店")]
    )
    grade = models.CharField(max_length=6, db_default="", help_text="national code of the grade")
    uscc = models.CharField(max_length=50, db_default="")

    class Meta:
        db_table = "institution"


class InstitutionFact(Fact):
    """A fact about an institution: its level, its agreement and what it is designated for."""

    institution = models.ForeignKey(
        Institution, models.PROTECT, related_name="facts", db_column="institution"
    )

    class Meta:
        db_table = "institution_fact"
        indexes = [
            models.Index(
                fields=["institution"],
                name="institution_fact_known",
                condition=models.Q(retired_at__isnull=True),
            ),
        ]


class Credential(models.Model):
    """The secret by which an institution signs its requests; the secret itself is encrypted."""

    access_key = models.CharField(max_length=64, primary_key=True)
    institution = models.ForeignKey(Institution, models.PROTECT, db_column="institution")
    secret = models.BinaryField()
    since = models.DateTimeField(db_default=models.functions.Now())
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "credential"


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
    institution = models.ForeignKey(Institution, models.PROTECT, db_column="institution")
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

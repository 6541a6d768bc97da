"""Persons, and facts about them with two times (`gongji.platform.dated_facts`).

What a kind's `details` hold is in `gongji.people.person_kinds`.
"""

from django.db import models

from gongji.platform.dated_facts import Fact


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

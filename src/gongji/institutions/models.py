"""Institutions, facts about them with two times, and the secrets by which they sign.

What a kind's `details` hold is in `gongji.institutions.institution_kinds`.
"""

from django.db import models

from gongji.platform.dated_facts import Fact


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

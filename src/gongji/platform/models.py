"""What every command leaves: that it was done once, and how it ended.

What was said and answered is in `inbox_bytes`, a table in parts by month that Django does not know
(`gongji.platform.inbox` writes it, `gongji.platform.inbox_months` makes and drops its parts).
"""

from django.db import models


class Inbox(models.Model):
    """A command by its actor and message id, for ever: the memory of exactly once.

    Shape:   `state` done: it became `entry`, or changed what is no money; refused; barred: it was
             reversed (2601), before it came (then without a hash) or after.
    """

    pk = models.CompositePrimaryKey("actor_kind", "actor", "msg_id")
    actor_kind = models.CharField(max_length=16)
    actor = models.CharField(max_length=64)
    msg_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=40, help_text="the command; a transaction's number")
    hash = models.BinaryField(null=True, help_text="keyed, of the command and its input")
    state = models.CharField(max_length=8)
    entry = models.BigIntegerField(null=True)
    command = models.BigIntegerField(null=True)

    class Meta:
        db_table = "inbox"
        constraints = [
            models.CheckConstraint(
                name="inbox_state",
                condition=models.Q(state="barred")
                | models.Q(state__in=["done", "refused"], hash__isnull=False),
            ),
        ]

"""The tables as models.py describes them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="Inbox",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "actor_kind",
                        "actor",
                        "msg_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("actor_kind", models.CharField(max_length=16)),
                ("actor", models.CharField(max_length=64)),
                ("msg_id", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        help_text="the command; a transaction's number", max_length=40
                    ),
                ),
                (
                    "hash",
                    models.BinaryField(help_text="keyed, of the command and its input", null=True),
                ),
                ("state", models.CharField(max_length=8)),
                ("entry", models.BigIntegerField(null=True)),
                ("command", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "inbox",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "barred"),
                            models.Q(("hash__isnull", False), ("state__in", ["done", "refused"])),
                            _connector="OR",
                        ),
                        name="inbox_state",
                    )
                ],
            },
        ),
    ]

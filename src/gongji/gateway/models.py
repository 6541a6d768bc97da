"""What only the gateway needs to remember: who signed in, and files waiting to be fetched."""

from django.db import models


class SignIn(models.Model):
    """An operator's session (9001, ended by 9002)."""

    sign_no = models.CharField(max_length=30, primary_key=True)
    institution = models.CharField(max_length=12)
    operator = models.CharField(max_length=30)
    signed_in_at = models.DateTimeField()
    signed_out_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sign_in"


class FileTicket(models.Model):
    """A file that was uploaded (9101) or waits to be fetched (9102)."""

    number = models.CharField(max_length=30, primary_key=True)
    institution = models.CharField(max_length=12, help_text="plc: for everyone")
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    made_at = models.DateTimeField(db_default=models.functions.Now())
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "file_ticket"

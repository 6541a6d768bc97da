"""Django's name for this room."""

from django.apps import AppConfig


class PaymentConfig(AppConfig):
    """The app `payment`."""

    name = "gongji.payment"
    label = "payment"

"""Django's name for this room."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """The app `review`."""

    name = "gongji.review"
    label = "review"

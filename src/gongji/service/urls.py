"""The pages that Django answers."""

from django.urls import URLPattern, URLResolver, include, path

from gongji.api.service import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("gongji.portal.urls")),
]

"""The addresses of the console, all under /console/."""

from django.urls import URLPattern, URLResolver, include, path

from gongji.console import staff_sign_in, work_list

pages: list[URLPattern | URLResolver] = [
    path("", work_list.work, name="work"),
    path("first/<str:token>", staff_sign_in.first_sign_in, name="first"),
    path("demo-sign-in", staff_sign_in.demo_sign_in, name="demo-sign-in"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("console/accounts/", include("allauth.urls")),
    path("console/", include((pages, "console"))),
]
handler400 = "gongji.console.at_work.bad"
handler403 = "gongji.console.at_work.forbidden"
handler404 = "gongji.console.at_work.missing"
handler500 = "gongji.console.at_work.failed"

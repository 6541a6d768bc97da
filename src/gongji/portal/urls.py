"""Where the pages are."""

from django.urls import path

from gongji.portal import area_pages, calculator, language, mine, sign_in

app_name = "portal"
urlpatterns = [
    path("", calculator.page, name="calculator"),
    path("answer", calculator.part, name="calculator-part"),
    path("items", calculator.suggestions, {"what": "items"}, name="items"),
    path("institutions", calculator.suggestions, {"what": "institutions"}, name="institutions"),
    path("areas", area_pages.areas, name="areas"),
    path("areas/<str:code>", area_pages.area, name="area"),
    path("areas/<str:code>/curve.svg", area_pages.curve, name="curve"),
    path("texts/<str:code>/<str:date>", area_pages.text, name="text"),
    path("texts/<str:code>/<str:date>/<str:named>", area_pages.article, name="article"),
    path("compare", area_pages.comparison, name="compare"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("me", mine.overview, name="me"),
    path("me/settlements", mine.settlements, name="settlements"),
    path("me/settlements/<int:number>", mine.settlement, name="settlement"),
    path("me/account", mine.account, name="account"),
    path("me/family", mine.bonds, name="family"),
    path("me/family/ask", mine.ask, name="family-ask"),
    path("me/family/give", mine.give, name="family-give"),
    path("me/family/consent", mine.consent, name="family-consent"),
    path("me/family/end", mine.end, name="family-end"),
    path("me/filings", mine.filings, name="filings"),
    path("language", language.choose, name="language"),
]

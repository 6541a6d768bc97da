"""Where the pages are."""

from django.urls import path

from gongji.portal import (
    area_pages,
    calculator,
    comparison_pages,
    language,
    own_items,
    own_pages,
    sign_in,
)

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
    path("compare", comparison_pages.comparison, name="compare"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("me", own_pages.overview, name="me"),
    path("me/settlements", own_pages.settlements, name="settlements"),
    path("me/settlements/<int:number>", own_pages.settlement, name="settlement"),
    path("me/settlements/<int:number>.pdf", own_pages.settlement_pdf, name="settlement-pdf"),
    path("me/account", own_pages.account, name="account"),
    path("me/account.pdf", own_pages.account_pdf, name="account-pdf"),
    path("me/looks", own_pages.looks, name="looks"),
    path("me/records.xlsx", own_pages.download, name="download"),
    path("me/items", own_items.items, name="items-mine"),
    path("me/items/new/<str:kind>", own_items.new_item, name="item-new"),
    path("me/items/<int:number>", own_items.item, name="item"),
    path("me/items/<int:number>/edit", own_items.edit_item, name="item-edit"),
    path("me/items/<int:number>/paper", own_items.item_paper, name="item-paper"),
    path("me/items/<int:number>/act", own_items.item_act, name="item-act"),
    path("me/items/<int:number>.pdf", own_items.decision, name="decision"),
    path("me/family", own_pages.bonds, name="family"),
    path("me/family/ask", own_pages.ask, name="family-ask"),
    path("me/family/give", own_pages.give, name="family-give"),
    path("me/family/consent", own_pages.consent, name="family-consent"),
    path("me/family/end", own_pages.end, name="family-end"),
    path("me/filings", own_pages.filings, name="filings"),
    path("language", language.choose, name="language"),
    path("text-size", language.choose_size, name="text-size"),
]

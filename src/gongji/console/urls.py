"""The addresses of the console, all under /console/."""

from django.urls import URLPattern, URLResolver, include, path

from gongji.console import (
    command_page,
    day_page,
    drafting,
    elevation_page,
    filter_pages,
    institution_page,
    law_change_pages,
    my_jobs,
    person_page,
    policy_pages,
    post_pages,
    printing,
    rulebook_pages,
    staff_sign_in,
    trail_page,
    work_list,
)

pages: list[URLPattern | URLResolver] = [
    path("", work_list.work, name="work"),
    path("new/<str:kind>", drafting.new, name="new"),
    path("destruction", drafting.destruction, name="destruction"),
    path("bills", drafting.bills, name="bills"),
    path("bulk", command_page.bulk, name="bulk"),
    path("command/<int:number>", command_page.command, name="command"),
    path("command/<int:number>/edit", drafting.edit, name="edit"),
    path("command/<int:number>/act", command_page.act, name="act"),
    path("command/<int:number>/paper", command_page.add_paper, name="add-paper"),
    path("command/<int:number>/receipt.pdf", printing.receipt, name="receipt"),
    path("command/<int:number>/decision.pdf", printing.decision, name="decision"),
    path("person/<int:number>/entry/<int:entry_number>.pdf", printing.statement, name="statement"),
    path("paper/<int:number>", command_page.paper, name="paper"),
    path("person/<int:number>/account.pdf", printing.account, name="account"),
    path("persons", person_page.persons, name="persons"),
    path("person/<int:number>", person_page.person, name="person"),
    path("person/<int:number>/open", person_page.open_person, name="open-person"),
    path("person/<int:number>/entry/<int:entry_number>", person_page.entry, name="entry"),
    path("institutions", institution_page.institutions, name="institutions"),
    path("institution/<str:code>", institution_page.institution, name="institution"),
    path("institution/<str:code>/key", institution_page.access_key, name="access-key"),
    path("rulebooks", rulebook_pages.rulebooks, name="rulebooks"),
    path("rulebook/<str:area>/<int:number>", rulebook_pages.rulebook, name="rulebook"),
    path(
        "rulebook/<str:area>/<int:left>/<int:right>",
        rulebook_pages.differences,
        name="differences",
    ),
    path("policy", policy_pages.policy, name="policy"),
    path("policy/ask/<str:kind>", policy_pages.ask, name="policy-ask"),
    path("policy/run/<str:name>", policy_pages.run, name="policy-run"),
    path("policy/run/<str:name>/progress", policy_pages.progress, name="policy-progress"),
    path("policy/run/<str:name>/act", policy_pages.act, name="policy-act"),
    path("policy/run/<str:name>/report.<str:ending>", policy_pages.report, name="policy-report"),
    path("policy/run/<str:name>/<str:picture>.svg", policy_pages.picture, name="policy-picture"),
    path("rulebook/<str:area>/change", law_change_pages.change, name="change-law"),
    path("law-change/<int:number>", law_change_pages.law_change, name="law-change"),
    path("law-change/<int:number>/try", law_change_pages.try_again, name="try-law"),
    path("elevate", elevation_page.elevate, name="elevate"),
    path("filters", filter_pages.save, name="filters"),
    path("my-jobs", my_jobs.my_jobs, name="my-jobs"),
    path("my-jobs/<int:number>/file", my_jobs.job_file, name="job-file"),
    path("day", day_page.day, name="day"),
    path("books", day_page.books, name="books"),
    path("trail", trail_page.looked, name="trail"),
    path("posts", post_pages.posts, name="posts"),
    path("posts/ask", post_pages.ask_post, name="ask-post"),
    path("coverage", post_pages.coverage, name="coverage"),
    path("staff", post_pages.people, name="staff"),
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

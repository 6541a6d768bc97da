"""The agency's items: what a form says that does not fit."""

AGENCY: dict[str, str] = {
    "applicant_refused": "“{kind}”不由{value}申请；可以申请的：{allowed}",
    "relation_refused": "{value}不在可以共济的亲属之内（{article}）；可取：{allowed}",
}

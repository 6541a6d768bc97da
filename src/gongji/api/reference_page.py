"""The page of the public interface: every operation to read, without scripts, and to try below.

It is drawn from the description itself (OpenAPI), so it cannot say anything else; made for a phone
as for a desk. This module knows the form of a description, not the operations.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import Swagger

from gongji.api.problems import TITLES, said
from gongji.portal.ui_texts import is_english

Node = dict[str, Any]


class ReferencePage(Swagger):
    """Ninja's page to try an interface, below what there is to read of it."""

    template = "api/docs.html"

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """The page for a caller."""
        address = self.get_openapi_url(api, kwargs)
        described = api.get_openapi_schema(path_params=kwargs)
        context = {
            "operations": list(operations(described)),
            "codes": [(code, said(pair)) for code, pair in TITLES.items()],
            "about": described["info"]["description"],
            "described_at": address,
            "swagger_settings": json.dumps(self.settings | {"url": address}, indent=1),
            "english": is_english(),
        }
        return render(request, self.template, context)


def operations(described: Node) -> Iterator[Node]:
    """What is said of each operation: its address, what goes in and what comes out."""
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            body = _body(operation, schemas)
            yield {
                "name": f"{method}{path}".replace("/", "-").strip("-"),
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "takes": [*_parameters(operation), *_properties(body)],
                "example": _shown(body.get("example")),
                "gives": list(_properties(_answer(operation, schemas))),
                "refuses": [code for code in operation["responses"] if int(code) >= 400],
            }


def _body(operation: Node, schemas: Node) -> Node:
    content = operation.get("requestBody", {}).get("content", {})
    return _resolved(content.get("application/json", {}).get("schema", {}), schemas)


def _answer(operation: Node, schemas: Node) -> Node:
    """The shape of an answer; of a list, that of one entry."""
    found = _resolved(operation["responses"][200]["content"]["application/json"]["schema"], schemas)
    return _resolved(found["items"], schemas) if found.get("type") == "array" else found


def _resolved(schema: Node, schemas: Node) -> Node:
    name = schema.get("$ref", "").rpartition("/")[2]
    return schemas[name] if name else schema


def _parameters(operation: Node) -> Iterator[Node]:
    for one in operation.get("parameters", []):
        about = one.get("description", "") or one["schema"].get("description", "")
        yield {"name": one["name"], "type": one["in"], "about": about}


def _properties(schema: Node) -> Iterator[Node]:
    for name, one in schema.get("properties", {}).items():
        yield {"name": name, "type": _type(one), "about": one.get("description", "")}


def _type(schema: Node) -> str:
    """A short name of what a value is."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]"
    return str(schema.get("type", "any"))


def _shown(example: Any) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2) if example else ""

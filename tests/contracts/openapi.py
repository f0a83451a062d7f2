"""
A vendor's published OpenAPI 3.0 document as a judge: of every request we send, and of every answer a stand-in gives.

Validators are built once per schema and kept, so a check costs about as much as the body is long.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.contracts.exceptions import EXCEPTIONS, SchemaException

DOCUMENT = "urn:contract"
JSON = "application/json"
FORMATS = copy(oas30_format_checker)
FORMATS.checkers = {
    name: check
    for name, check in oas30_format_checker.checkers.items()
    if name in {"date", "date-time", "int32", "int64", "uuid"}
}
MAX_SHOWN = 5

Query: TypeAlias = Mapping[str, object] | Iterable[tuple[str, str]] | None


@dataclass(slots=True)
class Tally:
    """What was put before the vendors' schemas in this session."""

    requests: int = 0
    responses: int = 0
    violations: int = 0
    exceptions: Counter[str] = field(default_factory=Counter)


class Validator(Protocol):
    """What we use of a jsonschema validator."""

    def iter_errors(self, instance: object) -> Iterator[Any]:
        """Yield every misfit."""
        ...


class ContractError(AssertionError):
    """A request or an answer that the vendor's own schema forbids."""


class OpenApiContract:
    """
    One OpenAPI document.

    Both checks return the violations as sentences, empty when there are none,
    after the reviewed exceptions (`exceptions.py`) were taken out and counted.
    """

    tally: ClassVar[Tally] = Tally()

    def __init__(self, path: Path) -> None:
        self.name = path.parent.name
        self._document: dict[str, Any] = json.loads(path.read_bytes())
        resource = Resource.from_contents(self._document, default_specification=DRAFT4)
        self._registry = Registry().with_resource(DOCUMENT, resource)
        self._validators: dict[tuple[str, bool], Validator] = {}
        self._exceptions = [known for known in EXCEPTIONS if known.contract == self.name]

    def check_request(self, method: str, path: str, query: Query = None, body: object = None) -> list[str]:
        """Return what the vendor would object to in a request; *path* without host and query, *body* parsed."""
        self.tally.requests += 1
        found = self._find(method, path)
        if found is None:
            return self._judged(f"{method} {path}", [f"request {method} {path} is not in the contract"])
        template, operation, values = found
        parameters = {(one["in"], one["name"]): one for one in self._parameters(template, operation)}
        violations = [
            *self._check_path(parameters, values),
            *self._check_query(parameters, _pairs(query)),
            *self._check_body(operation, body),
        ]
        return self._judged(f"{method} {template}", violations)

    def check_response(self, method: str, path: str, status: int, body: object = None) -> list[str]:
        """Return where an answer to a request does not fit what the vendor promises."""
        self.tally.responses += 1
        found = self._find(method, path)
        if found is None:
            return self._judged(f"{method} {path}", [f"response to {method} {path}, which is not in the contract"])
        template, operation, _ = found
        violations = [f"response {text}" for text in self._check_answer(operation, status, body)]
        return self._judged(f"{method} {template}", violations)

    def check_webhook(self, name: str, body: object) -> list[str]:
        """Return where the body of a webhook (`issues-edited`) does not fit what the vendor promises."""
        operation = self._document["x-webhooks"].get(name, {}).get("post")
        if operation is None:
            return [f"webhook {name} is not in the contract"]
        schema = operation["requestBody"]["content"][JSON]["schema"]
        return self._judged(
            f"webhook {name}", [f"body{text}" for text in self._violations(schema, body, is_request=False)]
        )

    @property
    def operations(self) -> list[str]:
        """Return every operation as `GET /path/{id}`."""
        return [f"{method.upper()} {path}" for path, item in self._paths.items() for method in item if method in VERBS]

    @cached_property
    def _paths(self) -> dict[str, dict[str, Any]]:
        return dict(self._document["paths"])

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        by_literal = sorted(self._paths, key=lambda path: (path.count("{"), path))
        return [(_pattern(path), path) for path in by_literal]

    def _find(self, method: str, path: str) -> tuple[str, dict[str, Any], dict[str, str]] | None:
        for pattern, template in self._templates:
            match = pattern.fullmatch(path)
            operation = self._paths[template].get(method.lower()) if match else None
            if match and operation is not None:
                names = re.findall(r"\{([^}]+)\}", template)
                return template, operation, dict(zip(names, map(unquote, match.groups()), strict=True))
        return None

    def _parameters(self, template: str, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for one in (*self._paths[template].get("parameters", ()), *operation.get("parameters", ())):
            yield self._resolved(one)

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            node = self._registry.resolver(DOCUMENT).lookup(node["$ref"]).contents
        return node

    def _check_path(self, parameters: Mapping[tuple[str, str], dict[str, Any]], values: dict[str, str]) -> list[str]:
        return [
            f"request path {name}: {text}"
            for name, value in values.items()
            for text in self._check_text(parameters.get(("path", name), {}).get("schema", {}), [value])
        ]

    def _check_query(
        self, parameters: Mapping[tuple[str, str], dict[str, Any]], query: Mapping[str, list[str]]
    ) -> list[str]:
        known = {name: one for (place, name), one in parameters.items() if place == "query"}
        unknown = [f"request query {name} is not a parameter" for name in query if name not in known]
        missing = [
            f"request query {name} is required"
            for name, one in known.items()
            if one.get("required") and name not in query
        ]
        wrong = [
            f"request query {name}: {text}"
            for name, values in query.items()
            if name in known
            for text in self._check_text(known[name].get("schema", {}), values)
        ]
        return [*unknown, *missing, *wrong]

    def _check_text(self, schema: dict[str, Any], values: list[str]) -> list[str]:
        """Validate parameter text as the type its schema names (arrays are repeated, not joined)."""
        schema = self._resolved(schema)
        kind = schema.get("type")
        if kind == "array":
            items = self._resolved(schema.get("items", {}))
            parsed: object = [_parse(items.get("type"), value) for value in values]
        elif len(values) > 1:
            return ["given more than once"]
        else:
            parsed = _parse(kind, values[0])
        return self._violations(schema, parsed, is_request=True)

    def _check_body(self, operation: dict[str, Any], body: object) -> list[str]:
        declared = operation.get("requestBody")
        if declared is None:
            return [] if body is None else ["request has a body where none is declared"]
        declared = self._resolved(declared)
        if body is None:
            return ["request lacks its body"] if declared.get("required") else []
        media = declared.get("content", {}).get(JSON)
        if media is None:
            return ["request body: the operation takes no JSON"]
        return [f"request body{text}" for text in self._violations(media.get("schema", {}), body, is_request=True)]

    def _check_answer(self, operation: dict[str, Any], status: int, body: object) -> list[str]:
        declared = operation["responses"]
        answer = next(
            (declared[key] for key in (str(status), f"{status // 100}XX", "default") if key in declared), None
        )
        if answer is None:
            return [f"status {status} is not documented"]
        content = self._resolved(answer).get("content", {})
        media = content.get(JSON) or content.get("application/json; charset=utf-8")
        if media is None or "schema" not in media or body is None:
            is_empty = status in {httpx.codes.NO_CONTENT, httpx.codes.RESET_CONTENT}  # by HTTP, whatever is declared
            wanted = media is not None and "schema" in media and status < httpx.codes.BAD_REQUEST and not is_empty
            return [f"status {status} lacks its body"] if wanted else []
        return [f"{status} body{text}" for text in self._violations(media["schema"], body, is_request=False)]

    def _violations(self, schema: dict[str, Any], value: object, *, is_request: bool) -> list[str]:
        found = []
        for error in self._validator(schema, is_request=is_request).iter_errors(value):
            found.append(f"{_at(error.absolute_path)}: {error.message[:300]}")
            if len(found) >= MAX_SHOWN:
                break
        return found

    def _validator(self, schema: dict[str, Any], *, is_request: bool) -> Validator:
        key = (json.dumps(schema, sort_keys=True), is_request)
        if key not in self._validators:
            absolute = json.loads(key[0].replace('"#/', f'"{DOCUMENT}#/'))
            kind = OAS30WriteValidator if is_request else OAS30ReadValidator
            self._validators[key] = kind(absolute, registry=self._registry, format_checker=FORMATS)
        return self._validators[key]

    def _judged(self, operation: str, violations: list[str]) -> list[str]:
        kept = []
        for violation in violations:
            known = self._exception(operation, violation)
            if known is None:
                kept.append(f"{operation}: {violation}")
            else:
                self.tally.exceptions[f"{known.contract}: {known.reason}"] += 1
        self.tally.violations += len(kept)
        return kept

    def _exception(self, operation: str, violation: str) -> SchemaException | None:
        hits = (
            one for one in self._exceptions if one.operation.fullmatch(operation) and one.violation.search(violation)
        )
        return next(hits, None)


class Contract(Protocol):
    """What judges requests and answers."""

    def check_request(self, method: str, path: str, query: Query = None, body: object = None) -> list[str]:
        """Return what the vendor would object to in a request."""
        ...

    def check_response(self, method: str, path: str, status: int, body: object = None) -> list[str]:
        """Return where an answer does not fit what the vendor promises."""
        ...


class SeveralContracts:
    """The documents of one vendor's several APIs, each with the beginning of its paths; the first that fits judges."""

    def __init__(self, by_prefix: Mapping[str, OpenApiContract]) -> None:
        self._by_prefix = by_prefix

    def check_request(self, method: str, path: str, query: Query = None, body: object = None) -> list[str]:
        """Return what the vendor would object to in a request."""
        return self._judge_of(path).check_request(method, path, query, body)

    def check_response(self, method: str, path: str, status: int, body: object = None) -> list[str]:
        """Return where an answer does not fit what the vendor promises."""
        return self._judge_of(path).check_response(method, path, status, body)

    @property
    def operations(self) -> list[str]:
        """Return every operation of every document."""
        return [operation for one in self._by_prefix.values() for operation in one.operations]

    def _judge_of(self, path: str) -> OpenApiContract:
        return next(one for prefix, one in self._by_prefix.items() if path.startswith(prefix))


VERBS = frozenset({"get", "put", "post", "delete", "patch"})


class CheckedTransport(httpx.AsyncBaseTransport):
    """Passes requests on to *inner* and raises `ContractError` on whatever the contract forbids, either way."""

    def __init__(self, contract: Contract, inner: httpx.AsyncBaseTransport, *, prefix: str = "") -> None:
        self._contract = contract
        self._inner = inner
        self._prefix = prefix

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check the request, send it on, check the answer."""
        path = request.url.raw_path.decode().split("?")[0].removeprefix(self._prefix)
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        body = json.loads(request.content) if request.content else None
        self._refuse(self._contract.check_request(request.method, path, query, body))
        response = await self._inner.handle_async_request(request)
        await response.aread()
        answer = json.loads(response.content) if response.content and _is_json(response) else None
        self._refuse(self._contract.check_response(request.method, path, response.status_code, answer))
        return response

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    @staticmethod
    def _refuse(violations: list[str]) -> None:
        if violations:
            raise ContractError("\n".join(violations))


def contracts_folder() -> Path:
    """Return where the vendors' contracts lie; where they are not there the test skips, and in CI it fails."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("SYNCD_CONTRACTS", root.parent / "shared" / "contracts"))
    if not folder.is_dir():
        stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        stop(f"no vendor contracts at {folder}; set SYNCD_CONTRACTS to the folder that holds jira-cloud/")
    return folder


@lru_cache(maxsize=8)
def load_contract(path: Path) -> OpenApiContract:
    """Return the contract in that file, read once a session."""
    return OpenApiContract(path)


def jira_contract() -> SeveralContracts:
    """Return the Jira Cloud contracts, platform and agile; skip the test when they are not there."""
    folder = contracts_folder() / "jira-cloud"
    agile = load_contract(folder / "software-agile-openapi-2022-07.json")
    return SeveralContracts({"/rest/agile/": agile, "": load_contract(folder / "platform-v3-openapi.json")})


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{[^}]+\}", template)
    return re.compile("([^/]+)".join(re.escape(piece) for piece in pieces))


def _pairs(query: Query) -> dict[str, list[str]]:
    items = query.items() if isinstance(query, Mapping) else query or ()
    values: dict[str, list[str]] = {}
    for name, value in items:
        texts = [_text(one) for one in value] if isinstance(value, list | tuple) else [_text(value)]
        values.setdefault(name, []).extend(texts)
    return values


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(kind: str | None, value: str) -> object:
    """Return parameter text as its declared type; text that is not of that type stays text, and so is refused."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, value)
    if kind in {"integer", "number"}:
        try:
            return int(value) if kind == "integer" else float(value)
        except ValueError:
            return value
    return value


def _at(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.contracts.openapi import CheckedTransport, ContractError, OpenApiContract, Tally

pytestmark = pytest.mark.contracts

THING = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string", "nullable": True},
        "next": {"$ref": "#/components/schemas/Thing"},
        "due": {"type": "string", "format": "date"},
    },
}
DOCUMENT = {
    "openapi": "3.0.1",
    "components": {"schemas": {"Thing": THING}},
    "paths": {
        "/things/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "schema": {"type": "integer"}},
                    {"name": "fields", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "max", "in": "query", "required": True, "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            },
        },
        "/things/special": {"get": {"responses": {"204": {}}}},
        "/things": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "required": ["name"], "properties": {"name": {}}}
                        }
                    },
                },
                "responses": {"201": {}},
            }
        },
    },
}


@pytest.fixture
def contract(tmp_path: Path) -> OpenApiContract:
    """Return a small contract of our own, whose violations stay out of the session's figures."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))

    class Small(OpenApiContract):
        tally = Tally()

    return Small(path)


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "expected"),
    [
        ("GET", "/things/7", {"max": 3, "fields": ["a", "b"]}, None, ""),
        ("GET", "/things/special", None, None, ""),
        ("GET", "/things/seven", {"max": 3}, None, "request path id: : 'seven' is not of type 'integer'"),
        ("GET", "/things/7", {}, None, "request query max is required"),
        ("GET", "/things/7", {"max": "x"}, None, "request query max: : 'x' is not of type 'integer'"),
        ("GET", "/things/7", {"max": 1, "sort": "up"}, None, "request query sort is not a parameter"),
        ("GET", "/nothing", None, None, "is not in the contract"),
        ("PATCH", "/things/7", None, None, "is not in the contract"),
        ("POST", "/things", None, {"name": 1}, ""),
        ("POST", "/things", None, None, "request lacks its body"),
        ("POST", "/things", None, {}, "request body: 'name' is a required property"),
        ("GET", "/things/special", None, {}, "request has a body where none is declared"),
    ],
)
def test_a_request_is_judged_by_path_query_and_body(
    contract: OpenApiContract, *, method: str, path: str, query: dict[str, object] | None, body: object, expected: str
) -> None:
    found = contract.check_request(method, path, query, body)
    assert (expected in "\n".join(found)) if expected else found == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"id": 1, "name": None, "next": {"id": 2}, "due": "2026-03-01"}, ""),
        (200, {"id": 1, "next": {"id": "2"}}, "200 body.next.id: '2' is not of type 'integer'"),
        (200, {"id": 1, "next": None}, "None"),
        (200, {"id": 1, "due": "1 March"}, "is not a 'date'"),
        (200, {"id": 1, "colour": "red"}, "Additional properties"),
        (200, {}, "'id' is a required property"),
        (200, None, "lacks its body"),
        (418, {}, "status 418 is not documented"),
    ],
)
def test_an_answer_is_judged_by_status_and_body(
    contract: OpenApiContract, status: int, body: object, expected: str
) -> None:
    found = contract.check_response("GET", "/things/7", status, body)
    assert (expected in "\n".join(found)) if expected else found == []


def test_everything_judged_is_counted(contract: OpenApiContract) -> None:
    contract.check_request("GET", "/things/special")
    contract.check_response("GET", "/things/special", 204)
    contract.check_request("GET", "/nothing")
    assert (contract.tally.requests, contract.tally.responses, contract.tally.violations) == (2, 1, 1)


async def test_the_transport_raises_on_either_side(contract: OpenApiContract) -> None:
    inner = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": request.url.params["max"]}))
    async with httpx.AsyncClient(transport=CheckedTransport(contract, inner), base_url="https://x") as client:
        with pytest.raises(ContractError, match="max is required"):
            await client.get("/things/7")
        with pytest.raises(ContractError, match="not of type 'integer'"):
            await client.get("/things/7", params={"max": 1})


def test_the_vendors_documents_load_and_find_their_operations(contracts_dir: Path) -> None:
    for name, count in (
        ("jira-cloud/platform-v3-openapi.json", 600),
        ("jira-cloud/software-agile-openapi-2022-07.json", 60),
        ("github/rest-openapi-subset.json", 80),
    ):
        assert len(OpenApiContract(contracts_dir / name).operations) > count

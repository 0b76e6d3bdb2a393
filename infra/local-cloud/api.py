"""A caller of the HTTP API, and of the sandbox's control API."""

import http.client
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SECONDS = 40


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict:
        return json.loads(self.text)


@dataclass(frozen=True)
class Api:
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body: object) -> Answer:
        return self.request("POST", path, body)

    def request(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        sent = self.headers | (headers or {})
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} | sent
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=SECONDS)
        try:
            connection.request(method, place.path + path, data, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        finally:
            connection.close()


def of(stack: dict, who: str | None = None) -> Api:
    """The stack's API as one of its people sees it, or without a token."""
    token = {"Authorization": f"Bearer {stack['tokens'][who]}"} if who else {}
    return Api(stack["api_url"], {"Host": stack["api_host"]} | token)


def sandbox(stack: dict) -> Api:
    return Api(stack["sandbox_url"])

"""What is kept in the repository: no key that could be real, and no type that would print one."""

import os
import secrets
import string
from collections.abc import Iterator
from pathlib import Path

import keys
import printable
import pytest
from template import ROOT

LETTERS = string.ascii_letters + string.digits
# What is named like a secret and is none: DynamoDB's name for a repeated transaction.
NO_SECRETS = {"Committed.token"}


def files() -> Iterator[Path]:
    """All that git does not ignore."""
    ignored = {line.strip("/\n") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ignored]
        yield from (Path(folder, name) for name in names)


def random(count: int, alphabet: str = LETTERS) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(count))


def samples() -> dict[str, str]:
    """A real-looking one of each kind, made anew each time so that none stands here."""
    digits = string.hexdigits[:16]
    return {
        "AWS access key": "AKIA" + random(16, string.ascii_uppercase + string.digits),
        "Exotel key or token": f"exotel_sid: {random(48, digits)}",
        "GitHub token": "ghp_" + random(36),
        "Google API key": "AIza" + random(35),
        "Meta access token": "EAA" + random(180),
        "password in a URL": f"https://{random(12)}:{random(24)}@api.example",
        "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "secret API key": "sk_" + random(48, digits),
        "signed JWT": f"eyJ{random(20)}.eyJ{random(60)}.{random(43)}",
        "Slack token": "xoxb-" + random(24),
        "value of a secret's name": f'"app_secret": "{random(32, digits)}"',
    }


def test_e9_no_file_holds_what_looks_like_a_real_key():
    read = {path: path.read_text(errors="replace") for path in files()}
    assert len(read) > 200
    found = [(str(path.relative_to(ROOT)), *key) for path, text in read.items() for key in keys.find(text)]
    assert found == []


@pytest.mark.parametrize("kind", samples())
def test_e9_a_real_looking_key_is_found(kind):
    assert samples().keys() == keys.PATTERNS.keys()
    key = samples()[kind]
    for text in (key, f"let it = ({key});", f"first\n{key}\nlast"):
        assert kind in dict(keys.find(text)), kind


@pytest.mark.parametrize(
    "made_up",
    [
        "EAA" + "wrong" * 8,
        "CANARY-" + random(40),
        "AKIA" + random(9, string.ascii_uppercase) + "EXAMPLE",
        '"app_secret": "0123456789abcdef0123456789abcdef"',
        '"app_secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0"',
        "sk_" + "0123456789abcdef" * 3,
    ],
)
def test_e9_what_is_seen_to_be_made_up_is_let_through(made_up):
    assert list(keys.find(made_up)) == []


def test_e3_no_type_with_a_plain_secret_prints_itself():
    sources = [path for path in files() if path.suffix == ".rs" and "src" in path.relative_to(ROOT).parts]
    assert len(sources) > 100
    found = {str(path.relative_to(ROOT)): set(printable.find(path.read_text())) for path in sources}
    assert {path: fields for path, fields in found.items() if fields - NO_SECRETS} == {}


@pytest.mark.parametrize(
    "fields",
    [
        "access_token: String",
        "/// What it is.\n    pub(crate) app_secret: Option<String>",
        "api_key: Vec<u8>",
        "id: u8, private_key: &'a [u8]",
        "password: Box<str>",
        "key: String, credential: Zeroizing<String>",
    ],
)
def test_e3_a_type_that_would_print_a_secret_is_found(fields):
    derived = "#[derive(Clone, Debug)]\n#[serde(rename_all = \"camelCase\")]\n/// A type.\n"
    assert len(list(printable.find(f"{derived}pub struct Account<'a> {{\n    {fields},\n}}"))) == 1
    assert len(list(printable.find(f"{derived}enum Kind {{ One, Two {{ {fields} }} }}"))) == 1
    assert list(printable.find(f"#[derive(Clone)]\nstruct Account {{ {fields} }}")) == []


@pytest.mark.parametrize("item", ["struct Plaintext(Vec<u8>);", "pub struct AccessToken(pub(crate) String);"])
def test_e3_a_type_that_is_a_secret_and_would_print_it_is_found(item):
    assert len(list(printable.find(f"#[derive(Debug)]\n{item}"))) == 1
    assert list(printable.find(f"#[derive(Clone)]\n{item}")) == []


def test_e3_what_cannot_print_a_secret_is_let_through():
    fields = "access_token: SecretString, token_count: usize, secret: Sealed, credentials_key: String"
    assert list(printable.find(f"#[derive(Debug)] struct Account {{ {fields} }}")) == []

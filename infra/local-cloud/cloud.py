"""The local cloud: ministack on 127.0.0.1, enforcing IAM, and clients that act as its account's root."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import boto3
from botocore.config import Config

import ports
import processes
from paths import LOCAL, VENV
from say import step

NAME = "local-cloud"
SERVER = Path(__file__).with_name("serve.py")
PORT_VARIABLE = "SWITCHBOARD_CLOUD_PORT"
REGION = "us-east-1"
ROOT_KEY = "test"


@dataclass(frozen=True)
class Cloud:
    port: int
    identity: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str):
        return boto3.Session(aws_access_key_id=ROOT_KEY, aws_secret_access_key=ROOT_KEY, region_name=REGION).client(
            service, endpoint_url=self.url, config=Config(retries={"total_max_attempts": 2}, read_timeout=30)
        )

    def environment(self) -> dict[str, str]:
        """For commands that talk to this cloud and to no other, whatever the reader's own AWS settings are."""
        ours = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(VENV / "sam"),
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | ours


def start() -> Cloud:
    running = processes.find(NAME)
    if running is not None:
        ports.check_forced(NAME, PORT_VARIABLE, running.port)
        return Cloud(running.port, running.identity)
    with step("Starting the local cloud"):
        port = ports.choose(NAME, PORT_VARIABLE)
        process = processes.start(NAME, [str(VENV / "bin" / "python"), str(SERVER)], settings(port), port)
        cloud = Cloud(port, process.identity)
        processes.wait_until(process, lambda: answers(f"{cloud.url}/_ministack/health"), seconds=60)
    return cloud


def settings(port: int) -> dict[str, str]:
    """All that ministack gets to see; the functions inherit it."""
    scratch = LOCAL / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "CLOUDTRAIL_RECORDING": "1",
        "CLOUDTRAIL_MAX_EVENTS": "100000",
    }


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False

"""Files in object storage are found by listing and read as local ones, and only hosts that are meant are spoken to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import pyarrow
import pyarrow.parquet
import pytest
from botocore.session import Session

from tallymark.definitions import SourceDef
from tallymark.embedded import Embedded
from tallymark.errors import FaultError
from tallymark.kinds import Type
from tallymark.source import Source
from tallymark_plugins import files

from .conftest import faults_of, rows_of, table_of

CANARY = "canary-of-a-secret-key"

# Runs moto's server on a port the system chooses, and says which.
SERVER = "from moto.server import ThreadedMotoServer as S; s = S('127.0.0.1', 0, verbose=False); s.start(); print(s.get_host_and_port()[1], flush=True); import signal; signal.pause()"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The URL of a server that speaks S3, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        found = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urlopen(found, timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket called `lake`, as a function that puts an object."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    urlopen(f"{endpoint}/moto-api/reset", data=b"").close()
    client = Session().create_client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="lake")

    def put(key: str, body: str | bytes) -> None:
        client.put_object(Bucket="lake", Key=key, Body=body)

    return put


Make = Callable[..., Source]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a source of files with options."""
    with Embedded(threads=1) as embedded:

        def made(path: str, storage: dict[str, Any] | None = None, **options: Any) -> Source:
            options |= {"storage": storage} if storage is not None else {}
            return files.make(SourceDef("lake", "files", {"path": path, **options}), tmp_path, embedded, "UTC")

        yield made


def test_files_of_a_bucket(bucket: Any, endpoint: str, make: Make, tmp_path: Path) -> None:
    """CSV, gzip-less JSON lines and Parquet are read, one object or many by a pattern, below the source's prefix."""
    bucket("shop/orders/a.csv", "id,amount\n1,1.5\n")
    bucket("shop/orders/b.csv", "id,amount\n2,2.5\n")
    bucket("shop/orders/old/c.csv", "id,amount\n3,3.5\n")
    bucket("shop/events.jsonl", '{"id": 1}\n')
    bucket("other/orders.csv", "id\n9\n")
    pyarrow.parquet.write_table(pyarrow.table({"day": [1, 2]}), tmp_path / "t.parquet")
    bucket("shop/t.parquet", (tmp_path / "t.parquet").read_bytes())
    source = make("s3://lake/shop", {"endpoint": endpoint, "private": True})
    assert [(1, 1.5), (2, 2.5)] == rows_of(source, table_of("orders/*.csv"))
    assert [(1, 1.5), (2, 2.5), (3, 3.5)] == rows_of(source, table_of("orders/**/*.csv"))
    assert [(2, 2.5)] == rows_of(source, table_of("orders/[b-z].csv"))
    assert [(1,)] == rows_of(source, table_of("events.jsonl"))
    assert [(1,), (2,)] == rows_of(source, table_of("t.parquet"))
    assert [("day", "integer")] == [(c.name, str(c.type)) for c in source.describe(table_of("t.parquet"))]


def test_a_changed_object_is_read_again(bucket: Any, endpoint: str, make: Make) -> None:
    """An object that is replaced by one of the same size is read anew; one that is not is copied once."""
    bucket("orders.csv", "id\n1\n")
    source = make("s3://lake", {"endpoint": endpoint, "private": True, "fresh_for": 0})
    table = table_of("orders.csv")
    before = source.state(table)
    assert [(1,)] == rows_of(source, table)
    assert before == source.state(table)
    bucket("orders.csv", "id\n2\n")
    assert before != source.state(table)
    assert [(2,)] == rows_of(source, table)


def test_a_listing_is_used_again(bucket: Any, endpoint: str, make: Make) -> None:
    """Until a listing is `fresh_for` seconds old, no change is looked for."""
    bucket("orders.csv", "id\n1\n")
    source = make("s3://lake", {"endpoint": endpoint, "private": True, "fresh_for": 10**6})
    assert [(1,)] == rows_of(source, table_of("orders.csv"))
    bucket("orders.csv", "id\n2\n")
    assert [(1,)] == rows_of(source, table_of("orders.csv"))


def test_faults_name_the_object(bucket: Any, endpoint: str, make: Make) -> None:
    """A bad value is told with the object's URL and line; what is missing, too large or outside is told too."""
    bucket("shop/orders.csv", "id,amount\n1,one\n")
    source = make("s3://lake/shop", {"endpoint": endpoint, "private": True})
    (fault,) = faults_of(source, table_of("orders.csv", {"amount": Type.DOUBLE}))
    assert "`one` is not a double, in column `amount` at line 2 of s3://lake/shop/orders.csv" == fault.message
    assert ["D413"] == [f.code for f in faults_of(source, table_of("order*.parquet"))]
    for outside in ("../x.csv", "/x.csv", "s3://other/x.csv", "http://example.com/x.csv"):
        assert ["D412"] == [f.code for f in faults_of(source, table_of(outside))]
    bucket("shop/big.csv", "id\n" + "1\n" * 600_000)
    small = make("s3://lake/shop", {"endpoint": endpoint, "private": True, "megabytes": 1})
    assert ["D472"] == [f.code for f in faults_of(small, table_of("big.csv"))]


def test_a_service_that_refuses(bucket: Any, endpoint: str, make: Make) -> None:
    """A bucket that is not there, and a server that does not answer, are faults without secrets."""
    for path, where in (("s3://nowhere", endpoint), ("s3://lake", "http://127.0.0.1:1")):
        source = make(path, {"endpoint": where, "private": True})
        (fault,) = faults_of(source, table_of("orders.csv"))
        assert "D474" == fault.code
        assert CANARY not in str(fault)


def test_private_networks_are_refused(endpoint: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint in a private network is spoken to only with leave, however its address is written."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    port = endpoint.rpartition(":")[2]
    for where in (
        endpoint,
        f"http://localhost:{port}",
        f"http://[::1]:{port}",
        "http://169.254.169.254",
        "http://10.0.0.1",
    ):
        source = make("s3://lake", {"endpoint": where})
        (fault,) = faults_of(source, table_of("orders.csv"))
        assert ("D473", "say `private: true` in the source's `storage` if it is meant") == (fault.code, fault.help)


class Redirecting(BaseHTTPRequestHandler):
    """Sends every request on to another host."""

    to = ""

    def do_GET(self) -> None:
        self.send_response(self.code)
        self.send_header("Location", f"{self.to}{self.path}")
        self.send_header("x-amz-bucket-region", "eu-west-1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - as the class it comes from calls them
    code = 307

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("code", [301, 307])
@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_redirects_are_not_followed(make: Make, scheme: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that sends us to another host, for the listing, is a fault, and that host hears nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("KEY", "a2V5")
    heard = list[str]()

    class Hearing(Redirecting):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Hearing) as far:
        handler = type("To", (Redirecting,), {"to": f"http://localhost:{far.server_port}", "code": code})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as near:
            for server in (near, far):
                threading.Thread(target=server.serve_forever, daemon=True).start()
            storage: dict[str, Any] = {"endpoint": f"http://127.0.0.1:{near.server_port}", "private": True}
            storage |= {"account": "a", "account_key": "env:KEY"} if scheme == "az" else {}
            storage |= {"anonymous": True} if scheme == "gs" else {}
            (fault,) = faults_of(make(f"{scheme}://lake", storage), table_of("orders.csv"))
            near.shutdown()
            far.shutdown()
    assert ("D474", []) == (fault.code, heard)


class Google(BaseHTTPRequestHandler):
    """As much of Google's JSON API as listing and reading take."""

    objects: ClassVar[dict[str, bytes]] = {
        "shop/a.csv": b"id\n1\n",
        "shop/b.csv": b"id\n2\n",
        "other/c.csv": b"id\n3\n",
    }

    def do_GET(self) -> None:
        """A listing of `lake`, or an object of it."""
        parts = urlsplit(self.path)
        _, _, key = unquote(parts.path).partition("/b/lake/o/")
        if key:
            self.answer(self.objects[key])
            return
        prefix = parse_qs(parts.query).get("prefix", [""])[0]
        items = [
            {
                "kind": "storage#object",
                "bucket": "lake",
                "name": k,
                "size": str(len(v)),
                "updated": "2024-01-01T00:00:00Z",
            }
            for k, v in self.objects.items()
            if k.startswith(prefix)
        ]
        self.answer(json.dumps({"kind": "storage#objects", "items": items}).encode())

    def answer(self, body: bytes) -> None:
        """Sends a body."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_files_of_googles_storage(make: Make) -> None:
    """Objects of a Google bucket are listed below the source's prefix and read."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Google) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        storage = {"endpoint": f"http://127.0.0.1:{server.server_port}", "private": True, "anonymous": True}
        source = make("gs://lake/shop", storage)
        assert [(1,), (2,)] == rows_of(source, table_of("*.csv"))
        (fault,) = faults_of(source, table_of("c.csv"))
        server.shutdown()
    assert ("D413", "no object matches `c.csv` in gs://lake/shop") == (fault.code, fault.message)


WRONG: list[tuple[str, dict[str, Any] | None, str]] = [
    ("http://example.com/x", None, "D473"),
    ("file:///etc", None, "D473"),
    ("s3://", None, "D411"),
    ("s3://lake/../x", None, "D411"),
    ("s3://lake", {"regin": "x"}, "R035"),
    ("s3://lake", {"private": "yes"}, "R036"),
    ("data", {"region": "x"}, "D411"),
]


@pytest.mark.parametrize(("path", "storage", "code"), WRONG)
def test_wrong_addresses(make: Make, path: str, storage: dict[str, Any] | None, code: str) -> None:
    """Schemes that are not allowed, addresses without a bucket and unknown options are coded faults."""
    with pytest.raises(FaultError) as raised:
        make(path, storage)
    assert [code] == [fault.code for fault in raised.value.faults]


def test_secrets_are_references(make: Make) -> None:
    """A key written into the project's file is a fault that does not repeat it; a reference is read when needed."""
    with pytest.raises(FaultError) as raised:
        make("s3://lake", {"secret_key": CANARY})
    assert ["D480"] == [fault.code for fault in raised.value.faults]
    assert CANARY not in str(raised.value)
    (fault,) = faults_of(make("s3://lake", {"secret_key": "env:NOT_SET_ANYWHERE"}), table_of("orders.csv"))
    assert "D481" == fault.code

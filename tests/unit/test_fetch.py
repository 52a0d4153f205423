"""Fetched files are whole and as expected, or not there; tested on a server of this process."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bias_transfer.data.fetch import Remote, fetch, figshare_files
from bias_transfer.errors import StudyError

CONTENT = b"rev_id\tcomment\n1\thello\n"
INSTEAD = "download it elsewhere"


class Files(BaseHTTPRequestHandler):
    """One file, one record, and one page that is no record."""

    def do_GET(self):
        host = "http://{}:{}".format(*self.server.server_address)
        answers = {
            "/file.tsv": CONTENT,
            "/record": json.dumps(
                {
                    "files": [
                        {
                            "name": "file.tsv",
                            "download_url": f"{host}/file.tsv",
                            "computed_md5": hashlib.md5(CONTENT).hexdigest(),
                        }
                    ]
                }
            ).encode(),
            "/page": b"<html>log in</html>",
        }
        if self.path.startswith("/half/"):
            content = answers[self.path.removeprefix("/half")]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        elif self.path in answers:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path])
        else:
            self.send_error(404)

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield "http://{}:{}".format(*running.server_address)
        running.shutdown()


def refused(call, *arguments):
    with pytest.raises(StudyError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert INSTEAD in message
    return message


def test_a_file_of_the_expected_checksum_is_kept(server, tmp_path):
    remote = Remote(f"{server}/file.tsv", "sha256", hashlib.sha256(CONTENT).hexdigest())
    fetch(remote, tmp_path / "new" / "file.tsv", INSTEAD)
    assert (tmp_path / "new" / "file.tsv").read_bytes() == CONTENT


def test_a_file_of_another_checksum_is_not(server, tmp_path):
    remote = Remote(f"{server}/file.tsv", "sha256", "0" * 64)
    message = refused(fetch, remote, tmp_path / "file.tsv", INSTEAD)
    assert hashlib.sha256(CONTENT).hexdigest() in message
    assert list(tmp_path.iterdir()) == []


def test_a_record_lists_its_files_with_their_checksums(server, tmp_path):
    files = figshare_files(f"{server}/record", INSTEAD)
    assert list(files) == ["file.tsv"]
    fetch(files["file.tsv"], tmp_path / "file.tsv", INSTEAD)
    assert (tmp_path / "file.tsv").read_bytes() == CONTENT


def test_a_page_that_is_no_record_is_refused(server):
    assert "not the record" in refused(figshare_files, f"{server}/page", INSTEAD)


def test_a_file_that_is_not_there_says_what_to_do(server, tmp_path):
    remote = Remote(f"{server}/gone", "md5", "0")
    assert "404" in refused(fetch, remote, tmp_path / "file", INSTEAD)
    assert list(tmp_path.iterdir()) == []


def test_half_a_file_is_not_kept(server, tmp_path):
    remote = Remote(f"{server}/half/file.tsv", "sha256", hashlib.sha256(CONTENT).hexdigest())
    refused(fetch, remote, tmp_path / "file.tsv", INSTEAD)
    assert list(tmp_path.iterdir()) == []


def test_half_a_record_is_not_read(server):
    refused(figshare_files, f"{server}/half/record", INSTEAD)


def test_a_connection_that_is_reset_says_what_to_do(monkeypatch, tmp_path):
    class Reset:
        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            return False

        def read(self, size):
            raise ConnectionResetError("reset by peer")

    monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **named: Reset())
    remote = Remote("http://example.org/file", "md5", "0")
    assert "reset by peer" in refused(fetch, remote, tmp_path / "file", INSTEAD)
    assert list(tmp_path.iterdir()) == []


def test_no_network_says_what_to_do(tmp_path):
    # Nothing listens on the discard port.
    assert "cannot be fetched" in refused(
        fetch, Remote("http://127.0.0.1:9/file", "md5", "0"), tmp_path / "file", INSTEAD
    )


def test_an_address_of_another_kind_is_not_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    message = refused(fetch, Remote(f"file://{secret}", "md5", "0"), tmp_path / "copy", INSTEAD)
    assert "only http" in message

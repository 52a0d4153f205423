"""A server of this machine that speaks as much of the Hugging Face hub's HTTP as its clients use.

Repositories with their commits, branches and tags; their listings; their files by revision, with
the headers and redirects of the hub: small files by a relative redirect, large ones (safetensors,
Parquet) by one to a content-addressed address that takes ranges. What goes wrong is the hub's own
way of saying so, and a connection can be made to drop in the middle of a file.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]
_LARGE = (".safetensors", ".parquet", ".bin")


def commit(number: int) -> str:
    """Return a commit's name: forty hexadecimal digits."""
    return hashlib.sha1(str(number).encode()).hexdigest()


@dataclass
class Repository:
    """Commits by their hash, and branches and tags by the commit that they point to.

    A gated one lists its files, but gives none away.
    """

    commits: dict[str, Files]
    references: dict[str, str]
    gated: bool = False

    def resolve(self, revision: str) -> str | None:
        """Return the commit of a branch, a tag or the start of a commit's hash."""
        if revision in self.references:
            return self.references[revision]
        matching = [each for each in self.commits if each.startswith(revision)]
        return matching[0] if matching else None


def repository(*commits: Files) -> Repository:
    """Make a repository whose newest commit is the last one, on the branch `main`."""
    named = {commit(number): files for number, files in enumerate(commits)}
    return Repository(named, {"main": commit(len(commits) - 1)})


@dataclass
class Hub:
    """What the server serves, and what it was asked for.

    Attributes
    ----------
    repositories
        By ("models" or "datasets", id).
    drops
        How often the connection drops half-way through what is left of a file, by file name.
    broken
        Files of which half is sent, and no more when the client asks for the rest.
    requests
        Method and path of each request, in order.
    """

    repositories: dict[tuple[str, str], Repository]
    drops: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def elsewhere(self) -> str:
        """The same server by another name, as large files lie on another host than the hub."""
        return f"http://localhost:{self.port}"

    def asked_for(self, text: str) -> bool:
        """Tell whether a request's path held the text."""
        return any(text in request for request in self.requests)


@contextmanager
def serving(repositories: dict[tuple[str, str], Repository]) -> Iterator[Hub]:
    """Serve repositories on a free port of the loopback interface until the block ends."""
    hub = Hub(repositories)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.hub = hub  # type: ignore[attr-defined]
        hub.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()


class _Refusal(Exception):
    """An error as the hub tells it: a status, and a code in a header."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # an idle connection ends by itself

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *arguments: Any) -> None:
        """Keep the test's output clean."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        try:
            if parts[0] == "cdn":
                self._send_content(self._stored(parts[1]), parts[-1], {})
            elif parts[:2] == ["api", "resolve-cache"]:
                _, repository, (commit, *path) = self._repository(parts[2], parts[3:])
                content = repository.commits[commit]["/".join(path)]
                self._send_content(content, parts[-1], {"X-Repo-Commit": commit})
            elif parts[0] == "api":
                self._send_json(self._interface(parts[1], parts[2:], body))
            else:
                self._resolve(parts)
        except _Refusal as refusal:
            self._send(
                refusal.status, b"", {"X-Error-Code": refusal.code, "X-Error-Message": refusal.code}
            )

    def _repository(self, kind: str, parts: list[str]) -> tuple[str, Repository, list[str]]:
        """Split a path into an id, its repository, and what follows."""
        for length in (2, 1):
            name = "/".join(parts[:length])
            if (kind, name) in self.hub.repositories:
                return name, self.hub.repositories[kind, name], parts[length:]
        # To who has not logged in, the hub does not tell what there is not.
        raise _Refusal(401, "RepoNotFound")

    def _commit(self, repository: Repository, revision: str) -> str:
        found = repository.resolve(revision)
        if found is None:
            raise _Refusal(404, "RevisionNotFound")
        return found

    def _interface(self, kind: str, parts: list[str], body: bytes) -> Any:
        name, repository, rest = self._repository(kind, parts)
        action, *rest = rest or ["revision", "main"]
        commit = self._commit(repository, rest[0])
        files = repository.commits[commit]
        if action == "tree":
            return list(_listing(files, "/".join(rest[1:]), "recursive=true" in self.path.lower()))
        if action == "paths-info":
            paths = json.loads(body)["paths"]
            return [_described(path, files[path]) for path in paths if path in files]
        if action == "revision":
            return {
                "_id": "0",
                "id": name,
                "sha": commit,
                "private": False,
                "gated": "auto" if repository.gated else False,
                "tags": [],
                "siblings": [{"rfilename": path} for path in sorted(files)],
            }
        raise _Refusal(404, "EntryNotFound")

    def _resolve(self, parts: list[str]) -> None:
        kind = "datasets" if parts[0] == "datasets" else "models"
        name, repository, rest = self._repository(kind, parts[kind == "datasets" :])
        commit = self._commit(repository, rest[1])
        if repository.gated:
            raise _Refusal(403, "GatedRepo")
        path = "/".join(rest[2:])
        headers = {"X-Repo-Commit": commit}
        content = repository.commits[commit].get(path)
        if content is None:
            self._send(404, b"", headers | {"X-Error-Code": "EntryNotFound"})
            return
        if path.endswith(_LARGE):
            digest = hashlib.sha256(content).hexdigest()
            self._send(
                302,
                b"",
                headers
                | {
                    "X-Linked-Etag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                    "Location": f"{self.hub.elsewhere}/cdn/{digest}/{parts[-1]}",
                },
            )
        else:
            place = f"/api/resolve-cache/{kind}/{name}/{commit}/{path}"
            self._send(307, b"", headers | {"Location": place})

    def _stored(self, digest: str) -> bytes:
        return next(
            content
            for repository in self.hub.repositories.values()
            for files in repository.commits.values()
            for content in files.values()
            if hashlib.sha256(content).hexdigest() == digest
        )

    def _send_content(self, content: bytes, name: str, headers: dict[str, str]) -> None:
        headers |= {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "Accept-Ranges": "bytes",
        }
        start, status = 0, 200
        if wanted := self.headers.get("Range"):
            start, status = int(wanted.removeprefix("bytes=").split("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        half = self.command == "GET" and (
            name in self.hub.broken or self.hub.drops.get(name, 0) > 0
        )
        if half:
            self.close_connection = True
            self.hub.drops[name] = self.hub.drops.get(name, 0) - 1
            if name in self.hub.broken and start:
                return
        self._send(status, content[start:], headers, half)

    def _send_json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], half: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self.close_connection = True


def _described(path: str, content: bytes) -> dict[str, Any]:
    identity = hashlib.sha1(content).hexdigest()
    described: dict[str, Any] = {
        "type": "file",
        "path": path,
        "size": len(content),
        "oid": identity,
    }
    if path.endswith(_LARGE):
        digest = hashlib.sha256(content).hexdigest()
        described["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
    return described


def _listing(files: Files, folder: str, recursive: bool) -> Iterator[dict[str, Any]]:
    """Yield the entries of a folder; an empty name is the root."""
    inside = {path: content for path, content in files.items() if _is_below(path, folder)}
    if folder and not inside:
        raise _Refusal(404, "EntryNotFound")
    depth = folder.count("/") + 1 if folder else 0
    seen = set()
    for path, content in sorted(inside.items()):
        parts = path.split("/")
        last = len(parts) if recursive else depth + 2
        for end in range(depth + 1, min(last, len(parts))):
            parent = "/".join(parts[:end])
            if parent not in seen:
                seen.add(parent)
                oid = hashlib.sha1(parent.encode()).hexdigest()
                yield {"type": "directory", "path": parent, "size": 0, "oid": oid}
        if recursive or len(parts) == depth + 1:
            yield _described(path, content)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")

"""Check the RO-Crate of a release against its profile, without a network.

Runs in a virtual environment of its own (envs/validators.txt): the validator's libraries are older
than the project's. The one context that a crate refers to comes out of the `rocrate` package.
"""

import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from requests_cache import CachedRequest, CachedResponse, CachedSession
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.services import validate

PROFILE = "workflow-run-crate-0.5"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
# What the profiles recommend and a release does not know: who ran it and when, and where software
# that is not published yet will stand.
LEFT_OUT = {
    "process-run-crate-0.5_3.2": "url of the workflow",
    "process-run-crate-0.5_5.1": "absolute URI of the workflow, a file of the crate",
    "process-run-crate-0.5_8.4": "end time of the run",
    "process-run-crate-0.5_8.6": "agent of the run",
    "ro-crate-1.1_22.2": "author of the crate",
    "ro-crate-1.1_22.3": "publisher of the crate",
    "ro-crate-1.1_31.2": "url of the authors' organisation",
}


def fill_cache(path: Path) -> None:
    """Put the context into the cache that the validator reads in place of the network."""
    content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    response = CachedResponse(
        url=CONTEXT,
        status_code=200,
        reason="OK",
        headers={"Content-Type": "application/ld+json"},
        request=CachedRequest(method="GET", url=CONTEXT),
    )
    response._content = content
    with CachedSession(str(path), backend="sqlite") as session:
        session.cache.save_response(response)


def problems(release: Path) -> list[str]:
    """Return what the profile requires, or recommends and can be known, and the crate lacks."""
    with TemporaryDirectory() as folder:
        cache = Path(folder, "http")
        fill_cache(cache)
        settings = ValidationSettings(
            rocrate_uri=str(release),
            profile_identifier=PROFILE,
            requirement_severity=Severity.RECOMMENDED,
            offline=True,
            cache_path=str(cache),
        )
        issues = validate(settings).get_issues(Severity.RECOMMENDED)
    return [
        f"{each.severity.name} {each.check.identifier}: {each.message}"
        for each in issues
        if each.check.identifier not in LEFT_OUT
    ]


if __name__ == "__main__":
    sys.exit("\n".join(problems(Path(sys.argv[1]))) or 0)

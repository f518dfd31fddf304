"""The npm package of the service in folders of its own, without a registry."""

import json
import os
import subprocess
from pathlib import Path

from tests.browser import stage
from tests.sites import Site

OFFLINE = {
    "npm_config_registry": "http://127.0.0.1:9/",  # nobody is there
    "npm_config_fetch_retries": "0",
    "npm_config_noproxy": "127.0.0.1",
    "npm_config_update_notifier": "false",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
}
"""What keeps npm from asking anybody but the service."""


def run(*command: str | Path, folder: Path) -> str:
    """What a program prints that must succeed."""
    environment = {**os.environ, **OFFLINE, "npm_config_cache": str(folder / ".npm")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(site: Site, folder: Path) -> None:
    """Install the package as its users do, into a program that is a module."""
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    run(stage.program("npm"), "install", "--ignore-scripts", f"{site.url}/client.tgz", folder=folder)

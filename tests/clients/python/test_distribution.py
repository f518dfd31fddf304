"""The client alone: light to import, and a wheel that needs NumPy, urllib3 and filelock only."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import digits_client
from service import __version__
from tests.processes import ROOT
from tests.sites import Site

CLIENT = ROOT / "clients" / "python"

NEEDED = ("numpy", "urllib3", "filelock")
"""The packages that the client depends on."""

HEAVY = ("fastapi", "starlette", "pydantic", "uvicorn", "pandas", "sklearn", "pyarrow", "PIL", "torch", "keras", "tqdm")
"""What importing the client must not import."""

IMPORTS = f"""
import sys
import digits_client
print(*sorted({{*{HEAVY}, "service"}} & set(sys.modules)))
"""

READS = """
import sys
from digits_client import connect

client = connect(sys.argv[1], cache=sys.argv[2])
digits = client.load_digits(n_class=3)
assert digits.data.shape == (537, 64) and digits["target"].max() == 2
split = client.dataset("digits")["all"]
assert sum(len(batch) for batch in split.batches(100, seed=1)) == len(split.images) == 1797
print(*sorted({name.partition(".")[0] for name in sys.modules if hasattr(sys.modules[name], "__path__")}))
"""


def run(code: str, *arguments: str, isolated: Path | None = None) -> str:
    """What code prints; `isolated` is the only directory that it finds packages in."""
    prefix = "" if isolated is None else f"import sys; sys.path.insert(0, {str(isolated)!r})\n"
    options = [] if isolated is None else ["-I", "-S"]
    command = [sys.executable, "-W", "error", *options, "-c", prefix + code, *arguments]
    there = ROOT if isolated is None else isolated
    ended = subprocess.run(command, cwd=there, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's wheel, built without a download."""
    there = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(there)]
    subprocess.run(command, cwd=CLIENT, check=True, capture_output=True, timeout=60)
    (built,) = there.glob("*.whl")
    return built


def test_importing_the_client_imports_no_more_than_it_needs() -> None:
    assert run(IMPORTS).split() == []


def test_the_service_knows_nothing_of_the_client() -> None:
    files = [*ROOT.glob("service/**/*.py")]
    assert files
    assert [file for file in files if "digits_client" in file.read_text(encoding="utf-8")] == []


def test_the_environment_of_the_checkout_has_the_client_of_the_checkout() -> None:
    assert Path(run("import digits_client; print(digits_client.__file__)").strip()).parent == CLIENT / "digits_client"


def test_the_wheel_holds_the_client_and_nothing_of_the_service(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"digits_client-{__version__}.dist-info/METADATA").decode()
    modules = {str(file.relative_to(CLIENT)) for file in CLIENT.rglob("digits_client/**/*.py")}
    assert names == {*modules, "digits_client/py.typed"}
    needed = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert {one.partition(">")[0] for one in needed if "extra ==" not in one} == set(NEEDED)


def test_the_wheel_works_where_there_is_nothing_but_what_it_needs(wheel: Path, tmp_path: Path, live: Site) -> None:
    there = tmp_path / "packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(there)
    for package in NEEDED:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        here = Path(spec.origin).parent
        for part in (here, here.with_name(f"{package}.libs")):
            if part.exists():
                (there / part.name).symlink_to(part)
    packages = set(run(READS, live.url, str(tmp_path / "cache"), isolated=there).split())
    assert {*NEEDED, "digits_client"} <= packages
    assert packages <= {*NEEDED, "digits_client", *sys.stdlib_module_names}


def test_the_client_is_of_the_same_release_under_the_same_licence() -> None:
    facts = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert digits_client.__version__ == __version__
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert facts["requires-python"] == whole["requires-python"]


def test_the_locks_pin_what_the_client_needs() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        pinned = {line.partition("==")[0] for line in (ROOT / lock).read_text().splitlines()}
        assert set(NEEDED) <= pinned, lock

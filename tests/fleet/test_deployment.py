"""What deploy/kubernetes and docker-compose.yml say is valid, and fits the service."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.fleet.kustomization import Resource, build
from tests.fleet.nginx import CONFIGURATION
from tests.processes import ROOT
from tests.test_container import AT_REST, BESIDE_ANSWERS, MIB

KUBERNETES = ROOT / "deploy" / "kubernetes"

FOLDERS = sorted(file.parent for file in KUBERNETES.rglob("kustomization.yaml"))

OLDEST = "1.27"
"""The first release with all that is used without a feature gate: pods that are not ready may be evicted."""

OF_A_SLOW_READER = 140_000
"""Bytes that nginx takes for a request whose client reads slowly: measured with 300, of new answers of 4 MB."""

OF_OPERATORS = {"ServiceMonitor"}
"""Kinds that Kubernetes itself does not define."""


@pytest.fixture(scope="module")
def deployment() -> Resource:
    (found,) = (one for one in build(KUBERNETES / "overlays" / "example") if one["kind"] == "Deployment")
    return found


@pytest.fixture(scope="module")
def pod(deployment: Resource) -> Resource:
    found: Resource = deployment["spec"]["template"]["spec"]
    return found


@pytest.fixture(scope="module")
def container(pod: Resource) -> Resource:
    found: Resource
    (found,) = pod["containers"]
    return found


@pytest.fixture(scope="module")
def compose() -> Resource:
    found: Resource = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def read_bytes(quantity: str) -> int:
    """A quantity of memory, of Kubernetes in Mi or of Docker in m."""
    found = re.fullmatch(r"(\d+)(?:Mi|m)", quantity)
    assert found is not None, quantity
    return int(found[1]) * MIB


def check_settings(monkeypatch: pytest.MonkeyPatch, environment: dict[str, Any]) -> Settings:
    """The settings that an environment gives; a name or value that is none is refused."""
    for name, value in environment.items():
        assert name.startswith("DIGITS_")
        monkeypatch.setenv(name, str(value))
    return Settings()


@pytest.mark.parametrize("version", [OLDEST, ".".join(kubernetes_validate.latest_version().split(".")[:2])])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_object_fits_the_schemas_of_kubernetes(folder: Path, version: str) -> None:
    for resource in build(folder):
        if resource["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_is_used(folder: Path) -> None:
    text = (folder / "kustomization.yaml").read_text(encoding="utf-8")
    assert [file.name for file in folder.glob("*.yaml") if file.name not in text] == ["kustomization.yaml"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl has kustomize in it, and few machines have kubectl")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_kustomize_gives_the_same(folder: Path) -> None:
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)  # noqa: S607

    def order(resources: Iterable[Resource]) -> list[Resource]:
        ordered = sorted(resources, key=lambda one: str(one["kind"]))
        for one in ordered:
            for container in one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
                container["env"].sort(key=lambda variable: str(variable["name"]))
        return ordered

    assert order(yaml.safe_load_all(done.stdout)) == order(build(folder))


def test_settings_of_the_pod_are_settings(container: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = check_settings(monkeypatch, {one["name"]: one["value"] for one in container["env"]})
    assert settings.trusted_proxies


def test_ports_and_probes_are_those_of_the_service(deployment: Resource, container: Resource) -> None:
    (port,) = container["ports"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f'"--port", "{port["containerPort"]}"' in dockerfile
    paths = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert {probe["path"] for probe in probes.values()} <= paths.keys()
    assert probes["livenessProbe"]["path"] == "/livez"  # a pod that is not ready is not broken
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    assert annotations["prometheus.io/path"] in paths


def test_memory_of_the_pod_covers_the_process_and_its_temporary_directory(pod: Resource, container: Resource) -> None:
    values = {one["name"]: one["value"] for one in container["env"]}
    (volume,) = pod["volumes"]
    temporary = read_bytes(volume["emptyDir"]["sizeLimit"])
    files, rows = int(values["DIGITS_FILES_BYTES"]), int(values["DIGITS_ROW_STORES_BYTES"])
    assert temporary >= files + rows
    assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/tmp"}]  # noqa: S108
    limit = read_bytes(container["resources"]["limits"]["memory"])
    assert limit >= AT_REST + int(values["DIGITS_ANSWERS_BYTES"]) + BESIDE_ANSWERS + temporary
    assert container["resources"]["requests"]["memory"] == container["resources"]["limits"]["memory"]


def test_the_pod_has_no_privileges(pod: Resource, container: Resource) -> None:
    user = pod["securityContext"]["runAsUser"]
    assert f"USER {user}:" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["enableServiceLinks"] is False
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_pod_may_answer_until_all_nodes_know_that_it_ends(
    pod: Resource, container: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = check_settings(monkeypatch, {one["name"]: one["value"] for one in container["env"]})
    assert settings.drain_seconds >= 5
    assert pod["terminationGracePeriodSeconds"] >= settings.drain_seconds + settings.stop_seconds + 2


def test_all_objects_speak_of_the_same_pods() -> None:
    objects = {one["kind"]: one for one in build(KUBERNETES / "base")}
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert objects["Service"]["spec"]["selector"] == labels
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    target = objects["HorizontalPodAutoscaler"]["spec"]
    assert target["scaleTargetRef"]["name"] == objects["Deployment"]["metadata"]["name"]
    assert target["minReplicas"] >= 2
    assert "replicas" not in objects["Deployment"]["spec"]


def test_compose_starts_one_service_unless_the_fleet_is_asked_for(
    compose: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = compose["services"]
    assert [name for name, one in services.items() if "profiles" not in one] == ["digits"]
    replica = services["replica"]
    assert replica["ports"] == []
    assert replica["networks"] == ["replicas"]
    assert compose["networks"]["replicas"] == {"internal": True}  # so that trusting every proxy is safe
    changed = {"profiles", "ports", "networks", "environment", "deploy"}
    assert {key: replica[key] for key in replica.keys() - changed} == {
        key: services["digits"][key] for key in services["digits"].keys() - changed
    }
    assert check_settings(monkeypatch, replica["environment"]).trusted_proxies


def test_nginx_in_compose_has_room_for_its_cache(compose: Resource) -> None:
    nginx = compose["services"]["nginx"]
    assert re.fullmatch(r"nginx:\d+\.\d+\.\d+", nginx["image"])
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert re.search(r"server replica:8000 resolve", text)
    (temporary,) = nginx["tmpfs"]
    room = read_bytes(temporary.removeprefix("/tmp:size="))  # noqa: S108
    cache = sum(int(size) for size in re.findall(r"(?:max_size|min_free)=(\d+)m", text)) * MIB
    assert cache > 0
    assert room >= cache
    (requests,) = re.findall(r"limit_conn everybody (\d+);", text)
    assert read_bytes(nginx["mem_limit"]) >= room + int(requests) * OF_A_SLOW_READER + 32 * MIB


def test_nginx_closes_idle_connections_before_the_service_does() -> None:
    found = re.search(r"keepalive \d+;\s+keepalive_timeout (\d+)s;", CONFIGURATION.read_text(encoding="utf-8"))
    assert found is not None
    assert int(found[1]) < Settings().keep_alive_seconds


@pytest.mark.parametrize(
    ("directive", "setting"),
    [
        ("client_header_timeout", "head_seconds"),
        ("client_body_timeout", "body_seconds"),
        ("send_timeout", "write_seconds"),
    ],
)
def test_nginx_waits_longer_for_clients_than_the_service_does(directive: str, setting: str) -> None:
    found = re.search(rf"^    {directive} (\d+)s;", CONFIGURATION.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert int(found[1]) > getattr(Settings(), setting)


def test_nginx_may_open_as_many_files_as_its_connections_need() -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    (files, connections, kept) = (
        int(re.findall(rf"\b{name} (?:max=)?(\d+)", text)[0])
        for name in ("worker_rlimit_nofile", "worker_connections", "open_file_cache")
    )
    assert files >= 2 * connections + kept  # each may write to a file of the cache meanwhile

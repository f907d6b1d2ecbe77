"""What deploy/ and compose.yaml say holds together: images, limits, settings, queues, names that lead to each other."""

import re

import pytest
import yaml
from django.conf import settings
from procrastinate.contrib.django import app

ROOT = settings.BASE_DIR
PINNED = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
MANIFESTS = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
OBJECTS = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]
QUEUES = {task.queue for task in app.tasks.values()} - {"builtin"}


def known_settings():
    return set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def queues_of(command):
    [listed] = re.findall(r"--queues=(\S+)", " ".join(command))
    return listed.split(",")


def test_every_image_is_pinned_by_its_digest():
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert len(images) == 2
    assert [image for image in images if not PINNED.fullmatch(image)] == []
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${PYTHON}", "${PYTHON}"]
    assert PINNED.fullmatch(re.search(r"^ARG PYTHON=(\S+)", dockerfile, re.MULTILINE)[1])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_limit_of_memory_a_bounded_log_and_a_check(name):
    service = SERVICES[name]

    assert service["mem_limit"]
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert service["healthcheck"].get("test") or (service["healthcheck"] == {"disable": True} and name == "prepare")


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_there(name):
    service = SERVICES[name]
    volumes = {re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume).split(":")[0] for volume in service["volumes"]}

    assert {volume for volume in volumes if not volume.startswith(".")} <= set(COMPOSE["volumes"])
    assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    if "build" in service:
        assert set(service["environment"]) <= known_settings()


def test_each_queue_has_one_kind_of_worker():
    workers = [service["command"] for service in SERVICES.values() if "procrastinate" in service.get("command", ())]
    containers = [each["command"] for each in all_containers() if "procrastinate" in each["command"]]

    assert sorted(queue for command in workers for queue in queues_of(command)) == sorted(QUEUES)
    assert sorted(queue for command in containers for queue in queues_of(command)) == sorted(QUEUES)


def test_backups_go_where_the_service_keeps_them():
    backup = SERVICES["backup"]

    assert backup["environment"]["BACKUP_DIR"] in [volume.rpartition(":")[2] for volume in backup["volumes"]]
    assert backup["environment"]["BACKUP_DIR"] in (ROOT / "Dockerfile").read_text()  # of the user that writes there


# --- Kubernetes -------------------------------------------------------------------------------------------------------


def templates():
    return {
        each["metadata"]["name"]: each["spec"]["template"] for each in OBJECTS if "template" in each.get("spec", ())
    }


def all_containers():
    for template in templates().values():
        yield from template["spec"].get("initContainers", ())
        yield from template["spec"]["containers"]


def test_kubernetes_takes_every_object():
    checker = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    version = checker.latest_version()

    for each in OBJECTS:
        checker.validate(each, version, strict=True)


def test_all_parts_are_there():
    parts = {(each["kind"], each["metadata"].get("labels", {}).get("part")) for each in OBJECTS}

    assert {
        ("Deployment", "collector"), ("Service", "collector"), ("Deployment", "pages"), ("Service", "pages"),
        ("Deployment", "jobs"), ("Deployment", "backup"), ("Job", "migrate"), ("Secret", None), ("ConfigMap", None),
    } <= parts  # fmt: skip


@pytest.mark.parametrize("name", templates())
def test_every_container_may_do_little_and_has_limits(name):
    pod = templates()[name]["spec"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        allowed = container["securityContext"]
        assert allowed["readOnlyRootFilesystem"] and not allowed["allowPrivilegeEscalation"]
        assert allowed["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_what_goes_on_for_ever_is_probed():
    for each in OBJECTS:
        if each["kind"] == "Deployment":
            [container] = each["spec"]["template"]["spec"]["containers"]
            assert "readinessProbe" in container
            if "ports" in container:
                assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
                assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_selectors_and_names_lead_to_something():
    labels = [template["metadata"]["labels"] for template in templates().values()]
    services = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "Service"}
    claims = {each["metadata"]["name"] for each in OBJECTS if each["kind"] == "PersistentVolumeClaim"}

    for each in OBJECTS:
        if each["kind"] == "Deployment":
            wanted = each["spec"]["selector"]["matchLabels"]
            assert wanted == each["spec"]["template"]["metadata"]["labels"]
    assert [spec["selector"] for spec in services.values() if labels.count(spec["selector"]) != 1] == []
    [ingress] = [each for each in OBJECTS if each["kind"] == "Ingress"]
    for path in ingress["spec"]["rules"][0]["http"]["paths"]:
        assert path["backend"]["service"]["name"] in services
    for template in templates().values():
        for volume in template["spec"]["volumes"]:
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {None, *claims}


def test_settings_are_known_and_secrets_are_in_the_secret():
    given = {each["kind"]: each.get("data") or each.get("stringData") for each in OBJECTS}

    assert set(given["ConfigMap"]) | set(given["Secret"]) <= known_settings()
    assert {"DATABASE_URL", "SECRET_KEY", "EMAIL_URL", "METRICS_TOKEN"} <= set(given["Secret"])

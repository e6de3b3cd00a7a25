"""What TwinGraph's decorators take: both versions' names, kept or answered, and every fault at once."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends.compat import keys, options
from twingraph_lab.frontends.compat.api import async_component, component, pipeline
from twingraph_lab.frontends.compat.options import component_of, pipeline_remarks
from twingraph_lab.spec.workflow import CachePolicy, PlatformSpec, Retry


def node(**given):
    return component_of("f", given).node


def faults(**given):
    with pytest.raises(WorkflowError) as caught:
        component_of("f", given)
    return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def every_platform(monkeypatch):
    """As on a machine where these platforms are installed."""
    monkeypatch.setattr(options, "_platforms", lambda: ["batch", "docker", "kubernetes", "lambda", "local", "slurm"])


def test_without_options_it_is_a_local_process():
    assert node().platform == PlatformSpec()
    assert component_of("f", {}).remarks == ()


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ({"docker_id": "a:1"}, "docker", {"image": "a:1"}),
        ({"platform": "docker", "docker_image": "a:1", "config": {"memory": "2g", "network": "host"}}, "docker",
         {"image": "a:1", "memory": "2g", "network": "host"}),
        ({"platform": "docker", "config": {"docker_image": "a:1", "memory": 2048}}, "docker",
         {"image": "a:1", "memory": 2048}),
        ({"docker_id": "a:1", "kubernetes_task": True, "kube_config": {"pull_policy": "Always", "timeout": "60"}},
         "kubernetes", {"image": "a:1", "pull_policy": "Always"}),
        ({"platform": "kubernetes", "config": {"namespace": "n", "resources": {"cpu": "2000m", "memory": "4Gi"}}},
         "kubernetes", {"namespace": "n", "resources": {"cpu": "2000m", "memory": "4Gi"}}),
        ({"docker_id": "a", "batch_task": True, "batch_config": {"jobQueue": "q", "vCPU": 2, "Mem": 512, "numGPUs": 1,
          "region_name": "eu", "logGroupName": "g", "envType": "ec2", "roleARN": "r", "wait": True}}, "batch",
         {"image": "a", "job_queue": "q", "vcpus": 2, "memory": 512, "gpu": 1, "region": "eu", "log_group": "g",
          "env_type": "ec2", "role_arn": "r", "wait": True}),
        ({"platform": "batch", "config": {"job_queue": "q", "vcpus": 2, "memory": 512}}, "batch",
         {"job_queue": "q", "vcpus": 2, "memory": 512}),
        ({"docker_id": "a", "lambda_task": True, "lambda_config": {"iam_role": "r", "memory_size": 128, "timeout": 9}},
         "lambda", {"image": "a", "iam_role": "r", "memory_size": 128}),
        ({"platform": "slurm", "config": {"partition": "p"}}, "slurm", {"partition": "p"}),
    ],
)  # fmt: skip
def test_places_and_their_options_in_both_spellings(every_platform, given, kind, expected):
    asked = component_of("f", given)
    assert asked.node.platform == PlatformSpec(kind=kind, options=expected)
    assert asked.remarks == ()


def test_timeouts_are_seconds_wherever_they_stand(every_platform):
    assert node(timeout=3).timeout_s == 3
    assert node(config={"timeout": 300}).timeout_s == 300
    assert node(docker_id="a", kubernetes_task=True, kube_config={"timeout": "360000"}).timeout_s == 360_000


def test_a_platform_that_isnt_installed_is_a_local_process_and_said_to_be():
    asked = component_of("f", {"docker_id": "demo:1", "docker_config": {"network": "host"}})
    assert asked.node.platform == PlatformSpec()
    assert asked.node.attributes == {"asked_platform": "docker", "asked_image": "demo:1"}
    ((_, text),) = asked.remarks
    assert "platform 'docker', which isn't installed here: it runs as a local process" in text


def test_a_switch_without_an_image_means_nothing_as_in_twingraph():
    asked = component_of("f", {"kubernetes_task": True})
    assert asked.node.platform.kind == "local"
    assert "names no image" in asked.remarks[0][1]


def test_retries_are_kept():
    policy = {"max_attempts": 4, "backoff": "exponential", "initial_delay": 0.5, "max_delay": 9}
    assert node(retry_policy=policy).retry == Retry(attempts=4, delay_s=0.5, factor=2, max_delay_s=9)
    assert node(config={"retry_policy": {"backoff": "fixed"}}).retry == Retry(attempts=3, factor=1)
    assert node(retry_policy={"backoff": 3}).retry.factor == 3


def test_exceptions_to_retry_are_meant_with_those_derived_from_them():
    assert {"OSError", "FileNotFoundError"} <= set(node(retry_policy={"exceptions": [OSError]}).retry.on)
    assert "ZeroDivisionError" in node(retry_policy={"exceptions": ["ArithmeticError", "Mine"]}).retry.on
    assert "Mine" in node(retry_policy={"exceptions": ["Mine"]}).retry.on
    assert node(retry_policy={"exceptions": (Exception,)}).retry.on == ("error",)


def test_the_cache_is_kept():
    assert node(cache_enabled=True).cache == CachePolicy(mode="inputs")
    assert node(config={"cache_enabled": True, "cache_ttl": 60}).cache == CachePolicy(mode="inputs", ttl_s=60)
    assert node(cache_ttl=60).cache == CachePolicy(mode="inputs", ttl_s=60)
    assert node(cache_enabled=False, cache_ttl=60).cache == CachePolicy()


def test_a_local_process_asks_its_worker_for_resources():
    assert node(resources={"cpu": "500m", "memory": "1Gi"}).resources == {"cpu": 0.5, "memory": 2**30}
    assert node(config={"memory": 2}).resources == {"memory": 2 * 2**20}
    assert node(platform="gpu", config={"devices": 2}).resources == {"gpu": 2}


def test_attributes_and_labels_are_recorded():
    attributes = node(additional_attributes={"Version": "1.1", "n": 1}, labels={"team": "x"}).attributes
    assert attributes == {"Version": "1.1", "n": 1, "team": "x"}


def test_what_is_recorded_anyway_is_accepted():
    assert node(git_data=True, git_tracking=True, auto_infer=True) == node()


def test_every_fault_is_named_with_what_was_perhaps_meant():
    found = faults(
        docker_id="a",
        timeot=3,
        kubernetes_task=True,
        batch_task=True,
        kube_config={"namespce": "n"},
        retry_policy={"max_atempts": 2},
        resources={"memory": "lots"},
        additional_attributes=[1],
        config=7,
    )
    assert found == [
        "there is no option 'timeot'; did you mean 'timeout'?",
        "runs in one place, not in kubernetes and batch",
        "(kube_config): 'namespce' is not an option of kubernetes; did you mean 'namespace'?",
        "(config): must be a dict, not a int",
        "(additional_attributes): must be a dict, not a list",
        "(retry_policy): 'max_atempts' is not an option; did you mean 'max_attempts'?",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"platform": "dcoker"}, "there is no platform 'dcoker'; did you mean 'docker'?"),
        ({"platform": "lambda", "docker_id": "a", "batch_task": True}, "runs in one place, not in lambda and batch"),
        ({"retry_policy": {"max_attempts": 0}}, "(retry_policy): max_attempts: Input should be greater than"),
        ({"retry_policy": {"backoff": "linear"}}, "(retry_policy): backoff 'linear' is none of exponential, fixed"),
        ({"retry_policy": 3}, "(retry_policy)"),
        ({"timeout": "soon"}, "(timeout): could not convert string to float: 'soon'"),
        ({"timeout": -1}, "(timeout_s): must be greater than 0"),
        ({"cache_ttl": -1}, "(cache_ttl): Input should be greater than 0"),
        ({"resources": {"memory": "lots"}}, "(resources): 'lots' is no amount of memory such as 512 (MiB) or '4Gi'"),
        ({"environment": [1]}, "(environment): must be a dict"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(given, message):
    (found,) = faults(**given)
    assert found.startswith(message)


def test_a_pipeline_says_what_is_done_instead_once_for_each_kind():
    given = {"celery_pipeline": True, "celery_concurrency_threads": 4, "clear_graph": True, "redirect_logging": False}
    remarks = dict(pipeline_remarks("p", given))
    assert set(remarks) == {"celery", "clear_graph", "redirect_logging"}
    assert "TWINGRAPH_WORKERS" in remarks["celery"]
    assert pipeline_remarks("p", {"clear_graph": False, "multipipeline": False}) == ()


def test_a_pipelines_faults_are_named_too():
    with pytest.raises(WorkflowError, match=r"no option 'clear_grap'; did you mean 'clear_graph'\?"):
        pipeline(clear_grap=True)(lambda: None)


def test_decorators_work_bare_with_options_and_as_calls():
    def f(x=1):
        """Doc."""

    made = [component(f), component()(f), component(f_py=f), async_component(f), component(component(f))]
    assert {each.function for each in made} == {f}
    assert {each.__doc__ for each in made} == {"Doc."}
    assert pipeline(f).name == pipeline()(f).name == pipeline(f_py=f).name == "f"
    assert pipeline(name="other")(f).name == "other"


def test_every_option_is_one_of_twingraphs_or_ours():
    assert len(set(keys.COMPONENT)) == len(keys.COMPONENT)
    assert set(keys.SPELLINGS.values()) <= {
        *keys.EVERYWHERE,
        *(each for some in keys.OPTIONS.values() for each in some),
    }

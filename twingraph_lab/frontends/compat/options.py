"""What TwinGraph's decorators are given → a node, and what is to be said about it. All faults are named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import JsonValue, ValidationError

from twingraph_lab.errors import Fault, WorkflowError
from twingraph_lab.frontends.compat import keys
from twingraph_lab.frontends.compat.amounts import amounts
from twingraph_lab.frontends.compat.policies import cache_of, retry_of
from twingraph_lab.logs import jsonable
from twingraph_lab.registry import Registry
from twingraph_lab.runtime.serializers import JSON
from twingraph_lab.spec.wording import Suggestions, worded
from twingraph_lab.spec.workflow import CachePolicy, Node, PlatformSpec, Retry

T = TypeVar("T")

Remark = tuple[str, str]
"""A kind of warning, said once, and its text."""

NOT_PROVIDED = "NotProvided"
"""What TwinGraph 0.1 calls no image."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What options ask for."""

    node: Node
    remarks: tuple[Remark, ...]
    legacy_dataframes: bool = False


def component_of(name: str, options: Mapping[str, Any]) -> Asked:
    """The node of a component. Raises `WorkflowError`."""
    return _Reading(name, options).asked()


def pipeline_remarks(name: str, options: Mapping[str, Any]) -> tuple[Remark, ...]:
    """What is done instead of what a pipeline's options ask for. Raises `WorkflowError` for unknown ones."""
    suggest = Suggestions(keys.PIPELINE)
    faults = [Fault(f"there is no option {each!r}{suggest(each)}") for each in options if each not in keys.PIPELINE]
    if faults:
        raise WorkflowError(faults, source=f"pipeline {name!r}")
    given = [each for each in keys.INSTEAD if options.get(each) or (each == "redirect_logging" and each in options)]
    return tuple(keys.INSTEAD[each] for each in given)


class _Reading:
    """Reads the options of one component, and collects what is wrong."""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self._name = name
        self._given = {key: value for key, value in options.items() if value is not None}
        self._faults: list[Fault] = []
        self._remarks: list[Remark] = []

    def asked(self) -> Asked:
        suggest = Suggestions(keys.COMPONENT)
        for key in self._given:
            if key not in keys.COMPONENT:
                self._fault(f"there is no option {key!r}{suggest(key)}")
        kind = self._kind()
        config = self._config(kind)
        platform, attributes = self._platform(kind, config)
        attributes = {**attributes, **self._attributes("labels", config.get("labels"))}
        attributes |= self._attributes("additional_attributes", self._given.get("additional_attributes"))
        if self._given.get("graph_config"):
            self._remarks.append(keys.INSTEAD["graph_config"])
        node = {
            "id": self._name,
            "component": self._name,
            "platform": platform,
            "retry": self._read("retry_policy", lambda: retry_of(config["retry_policy"]), config, Retry()),
            "timeout_s": self._read("timeout", lambda: _optional(config["timeout"]), config, None),
            "cache": self._cache(config),
            "resources": self._resources(kind, config),
            "attributes": attributes,
        }
        made: Node | None = None
        try:
            made = Node.model_validate(node)
        except ValidationError as error:
            for detail in error.errors():
                self._fault(worded(detail), ".".join(map(str, detail["loc"])))
        if self._faults or made is None:
            raise WorkflowError(self._faults, source=f"component {self._name!r}")
        return Asked(made, tuple(self._remarks), bool(self._given.get("legacy_dataframes")))

    def _kind(self) -> str:
        """The platform asked for, in TwinGraph's order: without an image, its switches mean nothing."""
        switched = [kind for switch, kind in keys.KINDS.items() if self._given.get(switch)]
        if len(switched) > 1:
            self._fault(f"runs in one place, not in {' and '.join(switched)}")
        named = self._given.get("platform")
        if named is not None:
            known = sorted({*keys.OPTIONS, *_platforms()})
            if not isinstance(named, str) or named not in known:
                hint = Suggestions(known)(str(named)) or f"; known: {', '.join(known)}"
                self._fault(f"there is no platform {named!r}{hint}")
                return "local"
            if switched and switched[0] != named:
                self._fault(f"runs in one place, not in {named} and {switched[0]}")
            return named
        if self._image({}) is None:
            if switched:
                text = f"component {self._name!r} names no image, so it runs as a local process, as in TwinGraph"
                self._remarks.append((f"no image {self._name}", text))
            return "local"
        return switched[0] if switched else "docker"

    def _config(self, kind: str) -> dict[str, Any]:
        """Options by their one name: of the decorator itself, else of `config` and of the platform's own dict."""
        found: dict[str, Any] = {}
        dicts = [(name, platform) for name, platform in keys.CONFIGS.items() if name in self._given]
        if "config" in self._given:
            dicts.append(("config", kind))
        for name, platform in dicts:
            config = self._given[name]
            if not isinstance(config, Mapping):
                self._fault(f"must be a dict, not a {type(config).__name__}", name)
                continue
            known = (*keys.EVERYWHERE, *keys.OPTIONS[platform]) if platform in keys.OPTIONS else None
            suggest = Suggestions([*(known or ()), *keys.SPELLINGS])
            for key, value in config.items():
                own = keys.SPELLINGS.get(key, key)
                if known is not None and own not in known:
                    self._fault(f"{key!r} is not an option of {platform}{suggest(str(key))}", name)
                elif platform == kind:
                    found[own] = value
        direct = {key: self._given[key] for key in keys.EVERYWHERE if key in self._given}
        return {**found, **direct}

    def _platform(self, kind: str, config: Mapping[str, Any]) -> tuple[PlatformSpec, dict[str, JsonValue]]:
        """Where it runs, and what to record of what was asked for."""
        environment = config.get("environment") or {}
        if not isinstance(environment, Mapping):
            self._fault(f"must be a dict, not a {type(environment).__name__}", "environment")
            environment = {}
        options: dict[str, Any] = {"environment": {str(k): str(v) for k, v in environment.items()}}
        options = options if environment else {}
        if kind in ("local", "gpu"):
            return PlatformSpec(options=options), {}
        image = self._image(config)
        if kind not in _platforms():
            text = (
                f"component {self._name!r} asks for the platform {kind!r}, which isn't installed here:"
                f" it runs as a local process, with this Python's packages instead of {image or 'those over there'}"
            )
            self._remarks.append((f"platform {kind} {self._name}", text))
            asked = {"asked_platform": kind, "asked_image": image}
            return PlatformSpec(options=options), {name: value for name, value in asked.items() if value}
        general = {"timeout", "retry_policy", "cache_enabled", "cache_ttl", "labels", "environment", "image"}
        options |= {key: value for key, value in config.items() if key not in general}
        if image:
            options["image"] = image
        for key in [key for key, value in options.items() if not JSON.accepts(value)]:
            self._fault(f"{key} must be JSON, not a {type(options.pop(key)).__name__}", "config")
        return PlatformSpec(kind=kind, options=options), {}

    def _image(self, config: Mapping[str, Any]) -> str | None:
        candidates = [self._given.get("docker_id"), self._given.get("docker_image"), config.get("image")]
        return next((str(image) for image in candidates if image and image != NOT_PROVIDED), None)

    def _cache(self, config: Mapping[str, Any]) -> CachePolicy:
        def read() -> CachePolicy:
            return cache_of(config.get("cache_enabled"), config.get("cache_ttl"))

        return self._read("cache_ttl", read, {"cache_ttl": True}, CachePolicy())

    def _resources(self, kind: str, config: Mapping[str, Any]) -> dict[str, float]:
        """What a local process asks of its worker; other places have options for that."""
        if kind not in ("local", "gpu"):
            return {}
        asked = {key: config[key] for key in ("cpu", "memory", "gpu") if key in config}
        asked |= {"gpu": config.get("devices", 1)} if kind == "gpu" else {}
        return self._read("resources", lambda: amounts({**config.get("resources", {}), **asked}), {"resources": 1}, {})

    def _attributes(self, name: str, given: Any) -> dict[str, JsonValue]:
        if given is None or isinstance(given, Mapping):
            return {str(key): jsonable(value) for key, value in (given or {}).items()}
        self._fault(f"must be a dict, not a {type(given).__name__}", name)
        return {}

    def _read(self, name: str, read: Callable[[], T], given: Mapping[str, Any], default: T) -> T:
        """What `read` makes of an option; its complaint is a fault."""
        if given.get(name) is None:
            return default
        try:
            return read()
        except (TypeError, ValueError, AttributeError) as error:
            self._fault(str(error), name)
            return default

    def _fault(self, message: str, path: str = "") -> None:
        self._faults.append(Fault(message, path=path))


def _optional(seconds: Any) -> float | None:
    return float(seconds)


def _platforms() -> list[str]:
    return Registry[Any]("twingraph_lab.platforms").names()

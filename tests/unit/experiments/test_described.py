"""What `reproduce --help` says of the experiments is what they are, and what they took."""

import importlib
import json

import pytest

from course_utils.commands.reproduce import EXPERIMENTS
from course_utils.experiments import described
from course_utils.experiments.experiment import STORED, Experiment

IN_MINUTES = {
    "40 minutes": 40,
    "three quarters of an hour": 45,
    "an hour and a quarter": 75,
    "an hour and a half": 90,
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
    seconds = [
        run["result"]["seconds"]
        for path in STORED.glob(f"{name}-*-laptop.json")
        for run in stored_on_a_cpu(path)
    ]
    said, on_two_cores, _ = described.EXPERIMENTS[name].laptop.partition(" on two cores")
    assert on_two_cores and seconds
    assert IN_MINUTES[said] == pytest.approx(sum(seconds) / 60 / 2, rel=0.1)


def stored_on_a_cpu(path) -> list[dict]:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return stored["runs"] if "CPU" in stored["hardware"] else []


def test_only_who_takes_guests_and_has_parts_takes_their_options():
    options = {
        name: {flag for action in described.parser(name)._actions for flag in action.option_strings}
        for name in described.EXPERIMENTS
    }
    assert [name for name, flags in options.items() if "--mixer" in flags] == ["bakeoff"]
    assert [name for name, flags in options.items() if "--scheduler" in flags] == WITH_PARTS

"""What the documents say is so: links, commands, minutes, limits, names and counts.

Nothing is run but pytest's collection; numbers are read where the code has them.
"""

import ast
import importlib
import json
import math
import re
import runpy
import shlex
import sys
from pathlib import Path

import documents
import pytest
from traitlets.config import Config

from course_utils.__main__ import OLDEST
from course_utils.checks import isolate
from course_utils.checks.dashboard import MINUTES, Progress
from course_utils.classroom import command, confine, side_by_side
from course_utils.commands.command_line import COMMANDS
from course_utils.environment import install, pins
from course_utils.experiments import described
from course_utils.options import MODELS
from course_utils.paths import ROOT, SOLUTIONS
from course_utils.trained import folders, minilm

sys.path.insert(0, str(ROOT / "tests" / "notebooks"))
import house_rules  # noqa: E402

TEXTS = documents.texts()
IN_WORDS = {words.lower(): minutes for words, minutes in MINUTES.items()} | {
    "three minutes": 3, "fifteen minutes": 15, "about 30 minutes": 30, "about 40 minutes": 40,
    "fifty minutes": 50, "fifty-five minutes": 55, "an hour": 60,
}  # fmt: skip


def document(name: str) -> str:
    """Its text, with one blank between two words: sentences go on in the next line."""
    return " ".join(TEXTS[name].split())


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


# Links, paths, commands


def test_there_are_documents_and_commands_in_them():
    assert {"README.md", "TEACHING.md", "docs/learning.md", "classroom/README.md"} <= set(TEXTS)
    assert sum(len(documents.commands(text)) for text in TEXTS.values()) > 60


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".md")])
def test_links_and_paths_lead_somewhere(name):
    assert not list(documents.dead_links(ROOT / name, TEXTS[name]))
    assert not list(documents.lost_paths(TEXTS[name]))


# Words in backticks that are others' than ours, or no name at all
NOT_OURS = {"groupshared": "a mode of nbgrader's", "SERVER_IDLE": "in the hub's configuration"}


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".md")])
def test_names_in_backticks_are_in_the_code(name):
    lost = documents.lost_names(TEXTS[name])
    assert not [one for one in lost if one.split("`")[1] not in NOT_OURS]


@pytest.mark.parametrize("name", TEXTS)
def test_commands_are_understood_by_their_parsers(name):
    assert not list(documents.bad_commands(TEXTS[name]))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[x](docs/nowhere.md)", "docs/nowhere.md: there is no docs/nowhere.md"),
        ("[x](README.md#get-it-now)", "README.md#get-it-now: no heading is called so"),
        ("# Here\n[x](#there)", "#there: no heading is called so"),
        ("`course_utils/nothing.py`", "`course_utils/nothing.py`: there is no such file"),
        ("`NEVER_WRITTEN" + "_ANYWHERE`", "`NEVER_WRITTEN" + "_ANYWHERE`: there is no such name"),
        ("`reproduce spares`", "reproduce spares: argument EXPERIMENT: invalid choice"),
        ("`python3 -m course_utils train poet`", "train poet: argument model: invalid choice"),
        ("    python3 -m course_utils strat  # now", "strat: there is no command strat"),
        ("```\npython3 -m course_utils test nowhere\n```", "test nowhere: unknown: nowhere"),
        ("`class grade --onwards`", "class grade --onwards: unknown: --onwards"),
        ("`grade --sheduler ADDRESS`", "grade --sheduler ADDRESS: unknown: --sheduler"),
    ],
)
def test_a_document_with_a_fault_is_found_out(text, complaint):
    found = [
        *documents.dead_links(ROOT / "NEW.md", text),
        *documents.lost_paths(text),
        *documents.lost_names(text),
        *documents.bad_commands(text),
    ]
    assert len(found) == 1 and found[0].startswith(complaint), found


def test_what_is_right_is_no_fault():
    text = (
        "# Get it, now\n[a](#get-it-now) [b](docs/learning.md#your-copies) `test_rooms.py` "
        "`python3 -m course_utils start --fresh 03` `grade --again` `class init` `class …`\n"
    )
    assert not list(documents.dead_links(ROOT / "NEW.md", text))
    assert not list(documents.lost_paths(text)) and not list(documents.bad_commands(text))


def selections() -> list[list[str]]:
    """What is printed as `test … -k …`: the arguments."""
    calls = [shlex.split(call) for text in TEXTS.values() for call in documents.commands(text)]
    return [arguments for name, *arguments in calls if name == "test" and "-k" in arguments]


def test_every_selection_of_tests_selects_some():
    assert selections()
    for *paths, _, word in selections():
        assert word.isidentifier(), f"-k {word}: one word is looked for here, no expression"
        files = [file for path in paths for file in (ROOT / path).rglob("test_*.py")]
        source = "\n".join(file.read_text(encoding="utf-8") for file in files)
        names = re.findall(r"(?m)^def (test_\w+)", source)
        assert [name for name in names if word in name], f"no test in {paths} is called {word}"


# Every row of measurements says how to measure again


def test_what_measures_again_is_there():
    printed = re.findall(
        r"`\.venv/bin/python (benchmarks/\w+\.py)(?: (\w+))?`", TEXTS["docs/measured.md"]
    )
    assert len(printed) > 5
    for place, part in printed:
        source = (ROOT / place).read_text(encoding="utf-8")
        assert not part or f'"{part}"' in source, f"{place} knows no {part}"


# Experiments, models, commands


def test_every_command_experiment_and_model_is_told_of():
    names = ("README.md", "docs/learning.md", "TEACHING.md", "CONTRIBUTING.md")
    everything = " ".join(map(document, names))
    missing = [name for name in COMMANDS if f"course_utils {name}" not in everything]
    missing += [name for name in MODELS if f"train {name}`" not in everything]
    assert not missing


def test_the_experiments_in_the_table_are_those_that_exist_with_lessons_and_times():
    rows = re.findall(r"(?m)^\| `(\w+)`: .* \| ([\d, ]+) \| (.*) \|$", TEXTS["docs/learning.md"])
    assert {name: time for name, _, time in rows} == {
        name: one.laptop for name, one in described.EXPERIMENTS.items()
    }
    for name, lessons, _ in rows:
        speaks_of_it = re.compile(rf"experiments import [^\"]*\b{name}\b|reproduce {name}\b")
        found = [
            path.name[:2]
            for path in sorted(ROOT.glob("notebooks/*.ipynb"))
            if any(speaks_of_it.search("".join(cell["source"])) for cell in cells(path))
        ]
        assert lessons.split(", ") == found, name


def test_the_models_take_the_minutes_that_are_said():
    text = document("docs/learning.md")
    said = {
        "translator": re.search(r"train translator`.*?in about (\d+) minutes of processor", text),
        "shakespeare": re.search(r"train shakespeare` takes (\d+) minutes", text),
        "memory": re.search(r"train memory`, .*?, (\d+)\.", text),
    }
    for name in MODELS:
        config = json.loads((folders.SHIPPED / name / "config.json").read_text("utf-8"))
        assert int(said[name][1]) == round(config["processor_seconds"] / 60), name


# Minutes of lessons and exercises


def opening_minutes(path: Path) -> int:
    """The minutes that an exercise's first cell names, in words."""
    opening = "".join(cells(path)[0]["source"])
    words = "|".join(sorted(map(re.escape, IN_WORDS), key=len, reverse=True))
    [found] = re.findall(rf"(?i)(?:^|\. )({words})(?=\.|, perhaps)", opening)
    return IN_WORDS[found.lower()]


def task_minutes(path: Path) -> list[int]:
    """Those that its tasks name in italics; an evening is not counted."""
    words = "|".join(sorted(map(re.escape, IN_WORDS), key=len, reverse=True))
    texts = ["".join(cell["source"]) for cell in cells(path)[1:]]
    found = re.findall(rf"(?im)^\*({words})[,.]", "\n".join(texts))
    return [IN_WORDS[one.lower()] for one in found]


def points(path: Path) -> int:
    return sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells(path))


EXERCISES = {path.name[:2]: path for path in sorted(SOLUTIONS.glob("*/*.ipynb"))}


@pytest.mark.parametrize("number", EXERCISES)
def test_an_exercise_takes_as_long_as_its_tasks_and_at_most_five_minutes_more(number):
    """Both are rounded up to five. The tasks of three exercises name no minutes."""
    told = 5 * math.ceil(sum(task_minutes(EXERCISES[number])) / 5)
    if number in ("01", "02", "04"):
        assert told == 0
    else:
        assert told <= opening_minutes(EXERCISES[number]) <= told + 5


def test_the_readme_names_the_shortest_and_the_longest_lesson():
    minutes = [lesson.minutes for lesson in Progress().numbered]
    said = re.search(r"A conversation of (\d+) to (\d+) minutes", document("README.md"))
    assert (int(said[1]), int(said[2])) == (min(minutes), max(minutes))
    longest = re.search(r"one idea, at most (\d+) minutes", document("CONTRIBUTING.md"))
    assert int(longest[1]) == house_rules.LONGEST


def test_the_plan_has_every_exercise_with_its_minutes_and_points():
    rows = re.findall(r"(?m)^\| \d+ \| (.+) \| (.+) \| (.+) \| (.+) \|$", TEXTS["TEACHING.md"])
    planned = []
    for lessons, exercises, minutes, score in rows:
        numbers = re.findall(r"\b(\d\d|A1)\b", exercises)
        in_class = len(re.findall(r"\b(\d\d|A1)\b", lessons))
        at_home = re.match(r"\d+", minutes.split(" + ")[in_class])
        paths = [EXERCISES[number] for number in numbers]
        assert int(at_home[0]) == sum(map(opening_minutes, paths)), lessons
        assert int(score.strip("()")) == sum(map(points, paths)), lessons
        planned += numbers
    assert sorted(planned) == sorted(EXERCISES)


def test_the_report_has_the_points_of_its_cell():
    said = re.search(r"Exercise 18's report \((\d+) points\)", document("TEACHING.md"))
    by_a_person = [
        cell["metadata"]["nbgrader"]["points"]
        for cell in cells(EXERCISES["18"])
        if cell["cell_type"] == "markdown" and cell["metadata"].get("nbgrader", {}).get("grade")
    ]
    assert [int(said[1])] == by_a_person


# Limits and counts


def test_the_limits_of_an_answer_are_those_of_the_grader():
    said = re.search(
        r"Limits a task: (\d+) s of a processor, (\d+) s for a case, ([\d.]+) GB, (\d+) processes, "
        r"files of (\d+) MB, (\d+) MB in all",
        document("TEACHING.md"),
    )
    megabytes = [confine.FILE_BYTES / 2**20, confine.WORK_BYTES / 2**20]
    limits = [confine.CPU_SECONDS, isolate.SECONDS, confine.GIGABYTES, confine.PROCESSES]
    assert [float(number) for number in said.groups()] == [*limits, *megabytes]
    assert "when the last one is gone for a minute" in document("TEACHING.md")
    assert side_by_side.NOBODY_THERE == 60


def test_the_hubs_limits_are_those_of_its_configuration():
    loaded = {"get_config": Config}  # which the hub gives to the file that it loads
    hub = runpy.run_path(str(ROOT / "classroom/jupyterhub_config.py"), loaded)
    text = document("classroom/README.md")
    said = re.search(r"(\d+) GB of addresses, (\d+) processes of a user, files of (\d+) GB", text)
    limits = [hub["MEMORY"] / 2**30, hub["PROCESSES"], hub["FILE_SIZE"] / 2**30]
    assert [int(one) for one in said.groups()] == limits
    assert f"`ulimit -v` prints {hub['MEMORY'] // 2**10}" in text
    assert (
        "**Idle servers** end after an hour, kernels after thirty minutes, everything after twelve "
        "hours" in text
    )
    hours = [hub[name] / 3600 for name in ("SERVER_IDLE", "KERNEL_IDLE", "SERVER_AGE")]
    assert hours == [1, 0.5, 12]


def test_a_notebook_keeps_as_many_numbers_of_an_explorer_as_is_said():
    source = ROOT / "course_utils/environment/labextension/static/extension.js"
    characters = int(re.search(r"const ROOM = ([\d_]+);", source.read_text("utf-8"))[1])
    kilobytes = characters * 3 / 4 / 1000  # base64: four characters are three bytes
    said = [
        re.search(r"but for one with (\d+) kB of numbers or more", document("CONTRIBUTING.md")),
        re.search(r"numbers of (\d+) kB and more stay out", document("CHANGELOG.md")),
    ]
    assert [int(one[1]) for one in said] == [kilobytes, kilobytes]


def test_as_many_answers_are_kept_as_is_said(monkeypatch):
    folder = ROOT / "tests/unit/exercises/answers"
    monkeypatch.syspath_prepend(str(folder))
    lessons = [importlib.import_module(path.stem) for path in folder.glob("lesson_*.py")]
    kept = sum(len(some) for one in lessons for some in [*one.RIGHT.values(), *one.WRONG.values()])
    said = re.search(r"([\d,]+) answers that people write", document("CHANGELOG.md"))
    assert int(said[1].replace(",", "")) == kept


def test_a_class_has_as_many_commands_as_are_printed():
    part = re.search(r"(?s)## A class in seven commands(.*?)## ", TEXTS["TEACHING.md"])[1]
    names = re.findall(r"(?m)^    python3 -m course_utils class (\w+)", part)
    assert len(names) == 7 and names == list(command.COMMANDS)
    readme = re.search(r"through seven commands: (.*?)\. ", document("README.md"))[1]
    assert re.findall(r"(\w+)`", readme) == names


def test_what_the_grader_says_is_quoted_as_it_says_it():
    table = TEXTS["TEACHING.md"].partition("## When something goes wrong")[2]
    quoted = re.findall(r"(?m)^\| (?:`collect`: )?\*([^*]+)\* \|", table)
    assert len(quoted) > 5
    said = "\n".join(
        node.value.lower()
        for folder in ("classroom", "checks")
        for path in (ROOT / "course_utils" / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    parts = [part.lower() for quote in quoted for part in quote.split(" … ")]
    assert not [part for part in parts if part not in said]


def test_what_is_needed_is_what_is_asked_for():
    python = ".".join(map(str, OLDEST))
    for name in ("README.md", "docs/learning.md"):
        assert f"Python {python} or newer" in document(name)
        assert f"about {install.GIGABYTES_NEEDED:.0f} GB of disk" in document(name)
    weights = pins.read().weights
    assert [minilm.INSTALL_LINE.rpartition(" ")[2]] == list(weights)

"""my_course/: new versions come, nothing of the learner's goes, also when `start` is killed."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course_utils import paths
from course_utils.checks import validate
from course_utils.environment import offered, workspace
from course_utils.environment.workspace import RECORD, MyCourse
from course_utils.paths import EXERCISES, NOTEBOOKS, ROOT
from course_utils.problem import Problem

FIRST = "notebooks/00_start_here.ipynb"
LESSON = "notebooks/03_attention.ipynb"
EXERCISE = "exercises/03_attention/03_attention.ipynb"
NEW_LESSON = "notebooks/03_attention_new_version.ipynb"
OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["mary 0.29\n"]}


def book(*sources: str, run: bool = False, **metadata) -> bytes:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": metadata,
            "source": source.splitlines(keepends=True),
            "outputs": [OUTPUT] if run else [],
            "execution_count": 1 if run else None,
        }
        for number, source in enumerate(sources)
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for place, content in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)


def release(course: Path, version: int) -> None:
    """The course as of a version: every lesson and exercise differs from that of before."""
    for place in (FIRST, LESSON):
        write(course, {place: book(f"print({place!r}, {version})", run=True)})
    write(course, {EXERCISE: book(f"def answer_{version}():\n    ...")})


def visible(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if not path.name.startswith(".")
    }


@pytest.fixture
def course(tmp_path):
    release(tmp_path / "course", 1)
    return tmp_path / "course"


@pytest.fixture
def folder(tmp_path, course):
    """A learner's folder after the first start."""
    MyCourse(tmp_path / "my_course", course).update()
    return tmp_path / "my_course"


# What is handed out


def test_all_lessons_and_exercises_come_and_no_answer_lies_under_its_bet(tmp_path):
    [told] = MyCourse(tmp_path, ROOT).update()
    handed = visible(tmp_path)
    wanted = [*NOTEBOOKS.glob("*.ipynb"), *EXERCISES.glob("*/*.ipynb")]
    assert sorted(handed) == sorted(path.relative_to(ROOT).as_posix() for path in wanted)
    assert str(len(handed)) in told and str(tmp_path) in told
    for place, content in handed.items():
        ours, theirs = json.loads((ROOT / place).read_bytes()), json.loads(content)
        assert not any(
            cell.get("outputs") or cell.get("execution_count") for cell in theirs["cells"]
        )
        kept = [{**cell, "outputs": [], "execution_count": None} for cell in ours["cells"]]
        assert [
            {"outputs": [], "execution_count": None, **cell} for cell in theirs["cells"]
        ] == kept


def test_links_lead_from_copy_to_copy(tmp_path):
    MyCourse(tmp_path, ROOT).update()
    targets = []
    for place, content in visible(tmp_path).items():
        for cell in json.loads(content)["cells"]:
            text = "".join(cell["source"]) if cell["cell_type"] == "markdown" else ""
            found = re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text)
            targets += [(tmp_path / place).parent / target for target in found]
    assert len(targets) > 60 and [target for target in targets if not target.exists()] == []


def test_an_exercise_is_handed_out_byte_by_byte(tmp_path):
    MyCourse(tmp_path, ROOT).update()
    for place, content in visible(tmp_path).items():
        if place.startswith("exercises/"):
            assert content == (ROOT / place).read_bytes()


def test_a_second_start_changes_nothing_and_says_nothing(course, folder):
    before = visible(folder), (folder / RECORD).stat().st_mtime_ns
    assert MyCourse(folder, course).update() == []
    assert (visible(folder), (folder / RECORD).stat().st_mtime_ns) == before


def test_nothing_but_lessons_and_exercises_is_handed_out(course, tmp_path):
    write(course, {"notebooks/Untitled.ipynb": book("x"), "solutions/03/03.ipynb": book("y")})
    write(course, {"exercises/03_attention/.hidden": b"", "exercises/03_attention/words.txt": b"a"})
    MyCourse(tmp_path / "mine", course).update()
    words = "exercises/03_attention/words.txt"
    assert sorted(visible(tmp_path / "mine")) == sorted([FIRST, LESSON, EXERCISE, words])


def test_a_lesson_that_is_damaged_does_not_stop_the_others(course, tmp_path):
    write(course, {LESSON: b"<<<<<<< HEAD\n"})
    _, told = MyCourse(tmp_path / "mine", course).update()
    assert told.startswith(f"{LESSON} is damaged") and told.endswith(f"git restore {LESSON}")
    assert sorted(visible(tmp_path / "mine")) == sorted([FIRST, EXERCISE])


# New versions


def test_a_new_version_takes_the_place_of_what_was_not_changed(course, folder):
    release(course, 2)
    [told] = MyCourse(folder, course).update()
    assert told.startswith("New versions of what you had not changed:") and LESSON in told
    assert b", 2)" in (folder / LESSON).read_bytes() and b"answer_2" in visible(folder)[EXERCISE]
    assert len(visible(folder)) == 3


def test_what_was_only_run_is_new_too_and_its_outputs_are_kept(course, folder):
    ran = book(f"print({LESSON!r}, 1)", run=True, scrolled=True)
    write(folder, {LESSON: ran})
    assert MyCourse(folder, course).update() == [] and visible(folder)[LESSON] == ran
    release(course, 2)
    [told] = MyCourse(folder, course).update()
    assert b", 2)" in (folder / LESSON).read_bytes() and "set_aside/" in told
    [aside] = (folder / "set_aside" / "notebooks").iterdir()
    assert aside.read_bytes() == ran and aside.name.startswith("03_attention_20")


@pytest.mark.parametrize(
    "theirs",
    [
        book(f"print({LESSON!r}, 1)\n", run=True),
        book(f"print({LESSON!r}, 1)", "mine"),
        book(),
        b"",
        b"half a noteb",
        b'{"cells": 3}',
        b'{"cells": [{"cell_type": "code", "source": null}]}',
    ],
    ids=["a line", "a cell", "nothing left", "empty", "damaged", "no cells", "no source"],
)
def test_where_both_changed_theirs_stays_and_the_new_one_lies_beside(course, folder, theirs):
    write(folder, {LESSON: theirs})
    release(course, 2)
    *_, told = MyCourse(folder, course).update()
    assert visible(folder)[LESSON] == theirs and b", 2)" in visible(folder)[NEW_LESSON]
    assert told.startswith(f"{LESSON}: you changed it") and NEW_LESSON in told


def test_a_new_version_is_offered_once(course, folder):
    write(folder, {LESSON: book("mine")})
    release(course, 2)
    MyCourse(folder, course).update()
    (folder / NEW_LESSON).unlink()
    assert MyCourse(folder, course).update() == []
    assert not (folder / NEW_LESSON).exists()


def test_the_version_after_that_takes_its_place_unless_the_learner_works_in_it(course, folder):
    write(folder, {LESSON: book("mine")})
    release(course, 2)
    MyCourse(folder, course).update()
    release(course, 3)
    MyCourse(folder, course).update()
    assert b", 3)" in visible(folder)[NEW_LESSON]
    write(folder, {NEW_LESSON: book("mine, too")})
    release(course, 4)
    *_, told = MyCourse(folder, course).update()
    handed = visible(folder)
    assert (handed[LESSON], handed[NEW_LESSON]) == (book("mine"), book("mine, too"))
    second = NEW_LESSON.replace(".ipynb", "_2.ipynb")
    assert b", 4)" in handed[second] and second in told


def test_whoever_takes_the_new_version_gets_the_next_one(course, folder):
    write(folder, {LESSON: book("mine")})
    release(course, 2)
    MyCourse(folder, course).update()
    os.replace(folder / NEW_LESSON, folder / LESSON)
    release(course, 3)
    MyCourse(folder, course).update()
    assert b", 3)" in visible(folder)[LESSON] and NEW_LESSON not in visible(folder)


def test_what_the_learner_added_or_renamed_stays_and_what_is_gone_comes_again(course, folder):
    os.replace(folder / LESSON, folder / "notebooks" / "my 03.ipynb")
    write(folder, {"exercises/03_attention/helper.py": b"mine"})
    release(course, 2)
    MyCourse(folder, course).update()
    handed = visible(folder)
    assert b", 1)" in handed["notebooks/my 03.ipynb"] and b", 2)" in handed[LESSON]
    assert handed["exercises/03_attention/helper.py"] == b"mine"


def test_a_lesson_that_the_course_no_longer_has_stays(course, folder):
    (course / LESSON).unlink()
    assert MyCourse(folder, course).update() == []
    assert LESSON in visible(folder)


@pytest.mark.parametrize("record", [None, b"", b"[]", b'{"notebooks/x.ipynb": 1}', b"\xff"])
def test_without_its_record_everything_counts_as_the_learners(course, folder, record):
    (folder / RECORD).unlink()
    if record is not None:
        (folder / RECORD).write_bytes(record)
    write(folder, {LESSON: book("mine"), FIRST: book(f"print({FIRST!r}, 1)", run=True)})
    before = visible(folder)
    MyCourse(folder, course).update()
    assert before.items() <= visible(folder).items()
    assert sorted(set(visible(folder)) - set(before)) == [NEW_LESSON]


# Fresh copies


def test_a_fresh_copy_sets_theirs_aside(course, folder):
    write(folder, {LESSON: book("mine"), EXERCISE: book("my answer")})
    told = MyCourse(folder, course).fresh(["exercises/03"])
    assert visible(folder)[LESSON] == book("mine")
    assert b"answer_1" in visible(folder)[EXERCISE]
    [aside] = (folder / "set_aside" / "exercises" / "03_attention").iterdir()
    assert aside.read_bytes() == book("my answer")
    assert len(told) == 1 and aside.relative_to(folder).as_posix() in told[0]
    told = MyCourse(folder, course).fresh(["03"])
    assert [line.split(" is ")[0] for line in told] == [EXERCISE, LESSON]
    assert told[0].endswith("is as new.") and "set_aside/notebooks" in told[1]
    assert MyCourse(folder, course).update() == []


def test_two_that_were_changed_in_the_same_minute_are_both_kept(course, folder):
    now = time.time()
    for mine in (b"one", b"two", b"two"):
        write(folder, {LESSON: book(mine.decode())})
        os.utime(folder / LESSON, (now, now))
        MyCourse(folder, course).fresh(["notebooks/03"])
    kept = sorted((folder / "set_aside" / "notebooks").iterdir())
    assert [path.read_bytes() for path in kept] == [book("one"), book("two")]


@pytest.mark.parametrize("name", ["77", "0", "", "exercises/44"])
def test_a_lesson_that_does_not_exist_is_told_with_those_that_do(course, folder, name):
    with pytest.raises(Problem, match="No lesson begins with .*There are: 03, 00;"):
        MyCourse(folder, course).fresh([name])
    assert "set_aside" not in {path.name for path in folder.iterdir()}


# What was written in exercises/ before


def git(course: Path, *arguments: str) -> None:
    author = ["-c", "user.name=x", "-c", "user.email=x@example.invalid"]
    subprocess.run(["git", "-C", course, *author, *arguments], check=True, capture_output=True)


def commit(course: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    git(course, "init", "-q")
    git(course, "add", ".")
    git(course, "commit", "-q", "-m", "one")


@pytest.fixture
def cloned(course):
    commit(course)
    return course


def test_work_in_exercises_is_taken_over_once(cloned, tmp_path):
    mine = book("def answer_1():\n    return 42", run=True)
    write(cloned, {EXERCISE: mine})
    _, told = MyCourse(tmp_path / "mine", cloned).update()
    assert told.startswith("Taken over") and told.count(".ipynb") == 1 and EXERCISE in told
    assert visible(tmp_path / "mine")[EXERCISE] == mine == (cloned / EXERCISE).read_bytes()
    write(cloned, {EXERCISE: book("def answer_1():\n    return 43")})
    assert MyCourse(tmp_path / "mine", cloned).update() == []
    assert visible(tmp_path / "mine")[EXERCISE] == mine
    (tmp_path / "mine" / EXERCISE).unlink()
    MyCourse(tmp_path / "mine", cloned).update()
    assert visible(tmp_path / "mine")[EXERCISE] == book("def answer_1():\n    ...")


def test_what_was_taken_over_is_the_learners_and_the_next_version_lies_beside(cloned, tmp_path):
    mine = book("def answer_1():\n    return 42")
    write(cloned, {EXERCISE: mine})
    MyCourse(tmp_path / "mine", cloned).update()
    release(cloned, 2)
    MyCourse(tmp_path / "mine", cloned).update()
    handed = visible(tmp_path / "mine")
    assert handed[EXERCISE] == mine and b"answer_2" not in handed[EXERCISE]
    git(cloned, "commit", "-qam", "two")
    MyCourse(tmp_path / "mine", cloned).update()
    handed = visible(tmp_path / "mine")
    assert handed[EXERCISE] == mine
    assert b"answer_2" in handed[EXERCISE.replace(".ipynb", "_new_version.ipynb")]


def test_a_fresh_copy_of_what_was_taken_over_is_the_courses(cloned, tmp_path):
    write(cloned, {EXERCISE: book("def answer_1():\n    return 42")})
    MyCourse(tmp_path / "mine", cloned).update()
    MyCourse(tmp_path / "mine", cloned).fresh(["exercises/03"])
    assert visible(tmp_path / "mine")[EXERCISE] == book("def answer_1():\n    ...")


def test_a_lesson_that_was_only_run_in_the_course_is_not_taken_over(cloned, tmp_path):
    write(cloned, {LESSON: book(f"print({LESSON!r}, 1)", run=True, scrolled=True)})
    told = MyCourse(tmp_path / "mine", cloned).update()
    assert len(told) == 1 and b"0.29" not in visible(tmp_path / "mine")[LESSON]


def released(name: str) -> bytes:
    return (EXERCISES / name / f"{name}.ipynb").read_bytes()


def test_without_git_answers_are_known_by_nbgraders_checksums(course, tmp_path):
    every = [released(path.name) for path in EXERCISES.iterdir() if path.is_dir()]
    assert len(every) > 10 and not any(map(offered.answered, every))
    original = released("03_attention")
    mine = original.replace(b"    ...", b"    return 42", 1)
    assert mine != original and offered.answered(mine)
    write(course, {EXERCISE: mine})
    _, told = MyCourse(tmp_path / "mine", course).update()
    assert "Taken over" in told and visible(tmp_path / "mine")[EXERCISE] == mine
    assert MyCourse(tmp_path / "mine", course).update() == []
    write(course, {EXERCISE: original})  # a newer copy of the course was unpacked over this one
    *_, told = MyCourse(tmp_path / "mine", course).update()
    assert "Yours stays" in told and visible(tmp_path / "mine")[EXERCISE] == mine


@pytest.mark.parametrize("spoilt", ["x", {"solution": True, "checksum": "1"}, {"solution": "yes"}])
def test_marks_that_were_spoilt_are_no_answers_and_no_failure(spoilt):
    assert offered.answered(book("x", nbgrader=spoilt)) is False
    assert offered.answered(b"no notebook") is False


# Killed at every step


def before_update(course: Path, folder: Path) -> None:
    """One lesson changed, one run, an exercise deleted; and a new version of all of them."""
    MyCourse(folder, course).update()
    write(folder, {LESSON: book("mine"), FIRST: book(f"print({FIRST!r}, 1)", run=True)})
    (folder / EXERCISE).unlink()
    release(course, 2)


def before_taking_over(course: Path, folder: Path) -> None:
    commit(course)
    write(course, {EXERCISE: book("my answer")})


def before_fresh(course: Path, folder: Path) -> None:
    MyCourse(folder, course).update()
    write(folder, {LESSON: book("mine"), EXERCISE: book("my answer", run=True)})


CHANGES = {"os.rename", "os.mkdir", "os.chmod", "os.remove"}


def changes_the_disk(event: str, arguments: tuple) -> bool:
    """Between two of these steps it does not matter when a process ends."""
    return event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))


def killed_at(step: int, work) -> bool:
    """Do the work in a process that ends without a farewell at that step; False if it got by."""
    child = os.fork()
    if child == 0:
        left = [step]

        def count(event, arguments):
            if changes_the_disk(event, arguments):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)

        sys.addaudithook(count)
        work()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), "the work failed by itself"
    return code == 9


def works(course: Path, folder: Path, fresh: list[str]) -> None:
    mine = MyCourse(folder, course)
    mine.fresh(fresh)
    mine.update()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    "before, fresh", [(before_update, []), (before_taking_over, []), (before_fresh, ["03"])]
)
def test_whenever_a_start_is_killed_nothing_is_lost_and_the_next_one_does_the_rest(
    tmp_path, before, fresh
):
    template = tmp_path / "template"
    release(template / "course", 1)
    before(template / "course", template / "mine")
    theirs = {content for content in visible(template / "mine").values() if was_theirs(content)}
    whole = Path(shutil.copytree(template, tmp_path / "whole"))
    works(whole / "course", whole / "mine", fresh)
    steps = 0
    while True:
        here = Path(shutil.copytree(template, tmp_path / f"killed-{steps}"))
        if not killed_at(steps, lambda here=here: works(here / "course", here / "mine", fresh)):
            break
        after = visible(here / "mine")
        assert theirs <= set(after.values()), f"lost at step {steps}"
        for place, content in after.items():
            assert place and json.loads(content)["cells"], f"half a file at step {steps}"
        works(here / "course", here / "mine", fresh)
        assert visible(here / "mine") == visible(whole / "mine"), f"not made good, step {steps}"
        assert MyCourse(here / "mine", here / "course").update() == []
        steps += 1
    assert steps > 12


def was_theirs(content: bytes) -> bool:
    return b"mine" in content or b"my answer" in content or b"0.29" in content


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_killed_and_then_another_version_comes(tmp_path):
    """What the killed start had put there already does not pass for the learner's work."""
    template, steps = tmp_path / "template", 0
    release(template / "course", 1)
    before_update(template / "course", template / "mine")
    while True:
        here = Path(shutil.copytree(template, tmp_path / f"killed-{steps}"))
        update = lambda here=here: MyCourse(here / "mine", here / "course").update()  # noqa: E731
        if not killed_at(steps, update):
            break
        release(here / "course", 3)
        update()
        after = visible(here / "mine")
        assert after[LESSON] == book("mine") and b", 3)" in after[NEW_LESSON]
        assert b", 3)" in after[FIRST] and b"answer_3" in after[EXERCISE]
        asides = {place for place in after if place.startswith("set_aside/")}
        assert len(asides) == 1 and set(after) - asides == {FIRST, LESSON, NEW_LESSON, EXERCISE}
        steps += 1
    assert steps > 12


# A disk that does not want to


def test_a_disk_that_refuses_is_one_sentence(tmp_path, monkeypatch):
    def full(path, content, mode=0o644):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(workspace, "write_atomically", full)
    with pytest.raises(Problem, match="The disk is full"):
        workspace.hand_out(tmp_path / "mine")
    (tmp_path / "file").touch()
    monkeypatch.undo()
    with pytest.raises(Problem, match="file.*mend that"):
        workspace.hand_out(tmp_path / "file" / "mine")


def test_copies_lie_beside_notebooks_or_in_the_home_of_who_may_not_write_there(
    tmp_path, monkeypatch
):
    checkout, home = tmp_path / "course", tmp_path / "home"
    checkout.mkdir()
    monkeypatch.setattr(paths, "ROOT", checkout)
    monkeypatch.setattr(Path, "home", lambda: home)
    assert paths.my_course() == checkout / "my_course"
    make = paths.tempfile.TemporaryFile

    def read_only(dir):
        if Path(dir).is_relative_to(checkout):
            raise PermissionError(13, "Permission denied", str(dir))
        return make(dir=dir)

    monkeypatch.setattr(paths.tempfile, "TemporaryFile", read_only)
    assert paths.my_course() == home / "attention-optional"

    def full(dir):
        raise OSError(28, "No space left on device", str(dir))

    monkeypatch.setattr(paths.tempfile, "TemporaryFile", full)
    assert paths.my_course() == checkout / "my_course"


def test_a_my_course_of_somebody_else_is_not_ones_own(tmp_path, monkeypatch):
    """A teacher's, in a folder that is shared: it is tried itself, not only what is around it."""
    tried = []
    (tmp_path / "my_course").mkdir()
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "is_writable", lambda folder: tried.append(folder))
    assert paths.my_course() == Path.home() / "attention-optional"
    assert tried == [tmp_path / "my_course"]


# check


def test_check_reads_the_copy_and_where_there_is_none_the_exercise(tmp_path, monkeypatch, folder):
    monkeypatch.setattr(validate, "my_course", lambda: folder)
    place = EXERCISE.removeprefix("exercises/")
    assert validate.learners_copy(place) == folder / EXERCISE
    (folder / EXERCISE).unlink()
    assert validate.learners_copy(place) == ROOT / EXERCISE

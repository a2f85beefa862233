"""`grade --scheduler` on a real Dask cluster of this machine: the same records, whoever dies."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time

import gallery
import pytest

from course_utils.classroom import command, same_course, side_by_side
from course_utils.classroom.place import Classroom
from course_utils.experiments import workers
from course_utils.paths import ROOT
from course_utils.problem import Problem

KINDS = ("right", "plain_average", "exits", "half_a_file", "nobody_foresaw")
STUDENTS = {f"s{number}": kind for number, kind in enumerate(KINDS)}


class Cluster:
    """A scheduler and workers, started as anybody starts them."""

    def __init__(self, log):
        with socket.socket() as any_free:
            any_free.bind(("127.0.0.1", 0))
            port = any_free.getsockname()[1]
        self.address, self.log, self.running = f"tcp://127.0.0.1:{port}", log, []
        self.scheduler = self.start("scheduler", "--port", str(port))

    def worker(self):
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny")

    def start(self, kind, *options):
        command = [sys.executable, "-m", "dask", kind, *options]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with self.log.open("a") as log:
            self.running.append(
                subprocess.Popen(
                    [*command, "--host", "127.0.0.1", "--no-dashboard"],
                    stdout=log, stderr=log, cwd=self.log.parent,
                    env={**os.environ, "PYTHONPATH": path},
                )
            )  # fmt: skip
        return self.running[-1]

    def end(self):
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("dask") / "log")
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A class, graded on this machine."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "in.csv").write_text("\n".join(["id", *STUDENTS]))
    where = ["--class", str(folder)]
    command.main(["init", str(folder), "--students", str(folder / "in.csv")])
    command.main(["release", "03", *where])
    for student, kind in STUDENTS.items():
        for name, content in gallery.KINDS[kind](student).files.items():
            (folder / "inbox" / name).parent.mkdir(exist_ok=True)
            (folder / "inbox" / name).write_bytes(content)
    command.main(["collect", *where])
    assert command.main(["grade", "--jobs", "1", *where]) == 1  # half a file waits for a person
    return Classroom(folder)


def copy_without_records(place, folder):
    """The same class and private seed, and nobody judged."""
    shutil.copytree(place.folder, folder)
    copied = Classroom(folder)
    for student in STUDENTS:
        copied.record(student, gallery.NAME).unlink()
    return copied


def judged(place):
    """What is in the records, without the clock's part in it."""
    records = place.records(gallery.NAME)
    for record in records.values():
        del record["seconds"], record["graded"]
        for task in record["tasks"]:
            del task["seconds"]
    return records


def kill_after_the_first_record(worker, place):
    def watch():
        while worker.poll() is None and not place.records(gallery.NAME):
            time.sleep(0.05)
        worker.kill()

    threading.Thread(target=watch, daemon=True).start()


def test_records_are_the_same_when_a_worker_dies_on_the_way(cluster, place, tmp_path, capsys):
    first, second = cluster.worker(), cluster.worker()
    there = copy_without_records(place, tmp_path / "class")
    kill_after_the_first_record(first, there)
    where = ["--scheduler", cluster.address, "--class", str(there.folder)]
    assert command.main(["grade", *where]) == 1, cluster.log.read_text()[-3000:]
    assert first.poll() is not None and second.poll() is None
    assert "5 of 5 judged" in capsys.readouterr().out
    assert judged(there) == judged(place)


def test_a_worker_with_another_version_of_the_course_is_refused(
    cluster, place, tmp_path, monkeypatch
):
    there = copy_without_records(place, tmp_path / "class")
    monkeypatch.setattr(same_course, "fingerprint", lambda: "another")
    with pytest.raises(Problem, match="another version of the course"):
        command.main(["grade", "--scheduler", cluster.address, "--class", str(there.folder)])
    assert there.records(gallery.NAME) == {}


def test_without_workers_and_without_a_scheduler_it_says_so(
    cluster, place, tmp_path, monkeypatch, capsys
):
    there = copy_without_records(place, tmp_path / "class")
    where = ["--scheduler", cluster.address, "--class", str(there.folder)]
    monkeypatch.setattr(side_by_side, "NOBODY_THERE", 0.5)
    monkeypatch.setattr(workers, "LOOK_AGAIN", 0.1)
    for worker in cluster.running[1:]:
        worker.kill()
        worker.wait()
    with pytest.raises(Problem, match="no worker .* dask worker ADDRESS --nthreads 1"):
        command.main(["grade", *where])
    waits = f"The Dask cluster at {cluster.address} has no worker: waiting for one."
    assert capsys.readouterr().out.count(waits) == 1
    monkeypatch.undo()
    timer = threading.Timer(1.0, cluster.scheduler.kill)
    timer.start()
    with pytest.raises(Problem, match="scheduler was lost. What was finished is kept"):
        command.main(["grade", *where])
    timer.join()
    monkeypatch.setattr(workers, "CONNECTING", "1s")
    with pytest.raises(Problem, match=f"no Dask scheduler at {cluster.address}"):
        command.main(["grade", *where])

"""lib/kernel.js and large.js: what is said while Python is asked, and when nobody answers."""

import json
import subprocess

from pages import node

from course_utils.widgets.explorer import LIB

PROGRAM = """
import { asker } from "KERNEL";
import { askForLarge } from "LARGE";
const timers = [];
globalThis.setTimeout = (call) => timers.push(call);
globalThis.clearTimeout = (timer) => { if (timer) timers[timer - 1] = () => {}; };
const traits = { trouble: "" }, tellers = {}, log = [];
const model = {
  get: (name) => traits[name],
  set: (name, value) => { traits[name] = value; },
  on: (name, tell) => { tellers[name] = tell; },
  save_changes: () => log.push(`sent ${traits.text}`),
  send: ({ ask }) => log.push(`sent ${ask}`),
};
let marked = null; // what Jupyter puts around an explorer without a kernel
const host = {
  isConnected: true,
  closest: () => marked,
  addEventListener: (name, tell) => { tellers[name] = tell; },
};
const news = { set textContent(text) { log.push(text); } };
const ask = asker({ model, host, news, stale: "Old maps.",
  onAnswer: () => log.push("answered"), onFailure: () => log.push("failed") });
const ring = () => timers.forEach((call) => call());
const large = () => askForLarge({ model, host,
  onArrival: (about, bytes) => log.push(`${about} of ${bytes}`),
  onSilence: (words) => log.push(words) });
const arrive = () => tellers["msg:custom"]({ large: "weights" }, [8]);
STEPS
console.log(JSON.stringify(log));
"""


def log_of(tmp_path, steps: str) -> list[str]:
    """What happened, in order: words on the page, what was sent, what was called."""
    source = PROGRAM.replace("STEPS", steps)
    for name in ("kernel", "large"):
        source = source.replace(name.upper(), (LIB / f"{name}.js").as_uri())
    (tmp_path / "run.mjs").write_text(source, encoding="utf-8")
    command = [node(), "run.mjs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_answer_in_time_is_shown_and_nothing_rings_later(tmp_path):
    steps = 'ask({ text: "a" }, "Reading …"); tellers["change:answered"](); ring();'
    assert log_of(tmp_path, steps) == ["Reading …", "sent a", "", "answered"]


def test_trouble_is_told_with_what_stays(tmp_path):
    steps = 'ask({ text: "a" }, "Reading …"); traits.trouble = "No."; tellers["change:answered"]();'
    assert log_of(tmp_path, steps) == ["Reading …", "sent a", "No. Old maps.", "failed"]


def test_a_silent_kernel_is_told_after_a_while(tmp_path):
    *_, last = log_of(tmp_path, 'ask({ text: "a" }, "Reading …"); ring();')
    assert (
        last.startswith("Reading … Still no answer.")
        and "run the cells above and this one again" in last
    )


def test_a_kernel_that_is_lost_meanwhile_is_told_at_once(tmp_path):
    for lost in (
        'tellers["ao-kernel-gone"]();',
        'marked = {}; tellers["comm_live_update"](); await null;',
    ):
        *_, says, failed = log_of(tmp_path, 'ask({ text: "a" }, "Reading …");' + lost + "ring();")
        assert (
            says.endswith("Run the cells above and this one again. Old maps.")
            and failed == "failed"
        )


def test_where_nobody_hears_nothing_is_sent_and_no_trait_changed(tmp_path):
    for lost in ('tellers["ao-kernel-gone"]();', "marked = {};"):
        steps = lost + 'ask({ text: "a" }, "Reading …"); log.push(`${traits.text}`);'
        says, failed, text = log_of(tmp_path, steps)
        assert "Run the cells above and this one again" in says
        assert (failed, text) == ("failed", "undefined")


def test_a_lost_kernel_is_no_news_to_who_asks_nothing(tmp_path):
    assert log_of(tmp_path, 'tellers["ao-kernel-gone"]();') == []


ARRIVED = ["sent large", "weights of 8"]
LOST = 'tellers["ao-kernel-gone"]();'


def test_what_is_large_arrives_once_and_nothing_rings_later(tmp_path):
    assert log_of(tmp_path, f"large(); arrive(); arrive(); ring(); {LOST}") == ARRIVED


def test_a_page_that_was_left_is_told_nothing(tmp_path):
    assert log_of(tmp_path, f"large()(); arrive(); ring(); {LOST}") == ARRIVED[:1]


def test_what_is_large_is_waited_for_aloud_and_may_still_come(tmp_path):
    asked, says, *then = log_of(tmp_path, "large(); ring(); arrive();")
    assert "Still no answer" in says and [asked, *then] == ARRIVED


def test_nobody_can_send_what_is_large(tmp_path):
    for lost in (f"large(); {LOST} ring();", "marked = {}; large(); await null;"):
        asked, says = log_of(tmp_path, lost)
        assert asked == "sent large" and "does not hear this explorer" in says

"""Place your bet: a question before a cell that surprises."""

import html
from collections.abc import Mapping

import traitlets

from course_utils import progress
from course_utils.widgets.explorer import Explorer


class Bet(Explorer):
    """A question with choices; whoever has chosen is told what that choice deserves.

    The first bet is remembered on the learner's disk. Stored notebooks carry the question and a
    fold-out answer as plain HTML, so that nothing is lost where no kernel runs.
    """

    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    told = traitlets.List(traitlets.Unicode()).tag(sync=True)
    answer = traitlets.Int().tag(sync=True)
    placed = traitlets.Int(-1).tag(sync=True)  # the choice's number; -1: not yet

    def __init__(self, bet_id: str, question: str, choices: Mapping[str, str], answer: str):
        """`choices` maps each choice to what it gets told; `answer` is the right choice."""
        if len(choices) < 2:
            raise ValueError(f"bet {bet_id!r} needs at least two choices, got {len(choices)}.")
        silent = [choice for choice, told in choices.items() if not told.strip()]
        if silent:
            raise ValueError(f"bet {bet_id!r} has nothing to say to {silent[0]!r}.")
        if answer not in choices:
            raise ValueError(
                f"bet {bet_id!r}: the answer {answer!r} is none of the choices {list(choices)}."
            )
        self.bet_id = bet_id
        names = list(choices)
        before = progress.bets().get(bet_id, {}).get("choice")
        super().__init__(
            question=question,
            choices=names,
            told=list(choices.values()),
            answer=names.index(answer),
            placed=names.index(before) if before in names else -1,
        )
        self.observe(self._remember, names="placed")

    def _remember(self, change: dict) -> None:
        if change["new"] >= 0:
            choice = self.choices[change["new"]]
            progress.record_bet(self.bet_id, choice, change["new"] == self.answer)

    @property
    def alt(self) -> str:
        listed = "\n".join(f"  ( ) {choice}" for choice in self.choices)
        return f"Place your bet: {self.question}\n{listed}"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        live, metadata = self._live(**kwargs)
        return live | {"text/html": self._page_without_kernel(), "text/plain": self.alt}, metadata

    def _page_without_kernel(self) -> str:
        say = html.escape
        listed = "".join(f"<li>{say(choice)}</li>" for choice in self.choices)
        explained = "".join(
            f"<li>{'<strong>Right:</strong> ' if i == self.answer else ''}"
            f"<em>{say(choice)}</em>: {say(told)}</li>"
            for i, (choice, told) in enumerate(zip(self.choices, self.told, strict=True))
        )
        return (
            f"<p><strong>Place your bet.</strong> {say(self.question)}</p><ul>{listed}</ul>"
            f"<details><summary>What came of it</summary><ul>{explained}</ul></details>"
        )


def bet(bet_id: str, question: str, choices: Mapping[str, str], answer: str) -> Bet:
    """A question to predict the answer of, before the next cell gives it away.

    `bet_id` is the lesson and a name, "03.pads". `choices` maps each choice to what somebody who
    chose it is told; `answer` is the right one.
    """
    return Bet(bet_id, question, choices, answer)

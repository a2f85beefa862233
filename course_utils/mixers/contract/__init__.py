"""What every mixer promises to the models that hold it, each promise a test that speaks.

    check_mixer(lambda layer: MyMixer(64, 4), d_model=64)

returns the promises that were kept, or says which one is broken, by what number, and what to do.
The mixers of this package are held against the same promises, in
tests/unit/mixers/test_every_mixer.py.

trial.py      a mixer on trial: how to make one, and what it is given
promises.py   each promise, tried
check.py      all of them, in words
"""

from course_utils.mixers.contract.check import BASIC, FURTHER, BrokenContract, Promise, check_mixer
from course_utils.mixers.contract.trial import Trial, padding

__all__ = ["BASIC", "FURTHER", "BrokenContract", "Promise", "Trial", "check_mixer", "padding"]

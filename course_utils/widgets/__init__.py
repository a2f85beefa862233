"""The interactive explorers. Each is a pair of files here: NAME.py and NAME.js."""

from course_utils.widgets.attention_explorer import AttentionExplorer
from course_utils.widgets.bakeoff_explorer import BakeoffExplorer
from course_utils.widgets.beam_explorer import BeamExplorer
from course_utils.widgets.bet import bet
from course_utils.widgets.bpe_explorer import BPEExplorer
from course_utils.widgets.embedding_explorer import EmbeddingExplorer
from course_utils.widgets.machine import MachineExplorer
from course_utils.widgets.memory_explorer import MemoryExplorer
from course_utils.widgets.mixing_map import MixingMap
from course_utils.widgets.pattern_lab import PatternLab
from course_utils.widgets.position_explorer import PositionExplorer
from course_utils.widgets.proof_stepper import ProofStepper
from course_utils.widgets.sampling_explorer import SamplingExplorer
from course_utils.widgets.softmax_explorer import SoftmaxExplorer
from course_utils.widgets.spectrum_explorer import SpectrumExplorer

__all__ = [
    "AttentionExplorer",
    "BPEExplorer",
    "BakeoffExplorer",
    "BeamExplorer",
    "MachineExplorer",
    "EmbeddingExplorer",
    "MemoryExplorer",
    "MixingMap",
    "PatternLab",
    "PositionExplorer",
    "ProofStepper",
    "SamplingExplorer",
    "SoftmaxExplorer",
    "SpectrumExplorer",
    "bet",
]

"""Exercise 18, as people write it from the task's text."""

import math
import statistics

import numpy as np
import torch
from torch import nn

from course_utils.mixers import Attention
from course_utils.shapes import expect_mask


def front_loops(points, better):
    def at_least(a, b, sense):
        return a >= b if sense == "high" else a <= b

    found = []
    for name, own in points.items():
        beaten = False
        for other, rival in points.items():
            if other == name:
                continue
            as_good = all(at_least(rival[i], own[i], better[i]) for i in (0, 1))
            if as_good and (rival[0] != own[0] or rival[1] != own[1]):
                beaten = True
        if not beaten:
            found.append(name)
    return found


def front_numpy(points, better):
    names = list(points)
    values = np.array([points[name] for name in names], dtype=float)
    values *= [1 if sense == "high" else -1 for sense in better]
    as_good = (values[:, None] >= values[None]).all(-1)
    better_in_one = (values[:, None] > values[None]).any(-1)
    beaten = (as_good & better_in_one).any(0)
    return [name for name, gone in zip(names, beaten, strict=True) if not gone]


def front_tensor(points, better):
    values = torch.tensor(list(points.values()), dtype=torch.float64)
    values = torch.stack([v if s == "high" else -v for v, s in zip(values.T, better, strict=True)])
    ahead = (values[:, :, None] - values[:, None, :]).sign()
    beats = (ahead.min(0).values >= 0) & (ahead.max(0).values > 0)
    return [name for name, gone in zip(points, beaten_of(beats), strict=True) if not gone]


def beaten_of(beats):
    return beats.any(dim=0).tolist()


def front_strict(points, better):
    sign = [1 if s == "high" else -1 for s in better]
    return [
        name
        for name, (a, b) in points.items()
        if not any(sign[0] * (c - a) > 0 and sign[1] * (d - b) > 0 for c, d in points.values())
    ]


def front_either(points, better):
    sign = [1 if s == "high" else -1 for s in better]
    return [
        name
        for name, (a, b) in points.items()
        if not any(sign[0] * (c - a) > 0 or sign[1] * (d - b) > 0 for c, d in points.values())
    ]


def front_high(points, better):
    return front_loops(points, ("high", "high"))


def front_winners(points, better):
    pick = [max if s == "high" else min for s in better]
    tops = [pick[i](values[i] for values in points.values()) for i in (0, 1)]
    return [name for name, values in points.items() if values[0] == tops[0] or values[1] == tops[1]]


def against_loop(results, mixer, baseline):
    differences = []
    for (name, seed), value in results.items():
        if name == mixer:
            other = results.get((baseline, seed))
            if other is not None:
                differences.append(value - other)
    mean = sum(differences) / len(differences)
    if len(differences) == 1:
        return mean, 0.0
    variance = sum((d - mean) ** 2 for d in differences) / (len(differences) - 1)
    return mean, math.sqrt(variance)


def against_torch(results, mixer, baseline):
    mine = {s: v for (m, s), v in results.items() if m == mixer}
    theirs = {s: v for (m, s), v in results.items() if m == baseline}
    d = torch.tensor([mine[s] - theirs[s] for s in mine.keys() & theirs.keys()], dtype=torch.double)
    return d.mean().item(), d.std().item() if len(d) > 1 else 0.0


def against_means(results, mixer, baseline):
    mine = [v for (m, _), v in results.items() if m == mixer]
    theirs = [v for (m, _), v in results.items() if m == baseline]
    spread = statistics.stdev(mine) if len(mine) > 1 else 0.0
    return statistics.mean(mine) - statistics.mean(theirs), spread


def against_zip(results, mixer, baseline):
    mine = [v for (m, _), v in results.items() if m == mixer]
    theirs = [v for (m, _), v in results.items() if m == baseline]
    ahead = [a - b for a, b in zip(mine, theirs, strict=False)]
    return statistics.mean(ahead), statistics.stdev(ahead) if len(ahead) > 1 else 0.0


def against_population(results, mixer, baseline):
    shared = [s for m, s in results if m == mixer and (baseline, s) in results]
    ahead = np.array([results[mixer, s] - results[baseline, s] for s in shared])
    return ahead.mean(), ahead.std()


def against_reversed(results, mixer, baseline):
    return against_loop(results, baseline, mixer)


class Shift(nn.Module):
    causal = True

    def __init__(self, d_model):
        super().__init__()
        self.mix = nn.Linear(2 * d_model, d_model)

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "Shift")
        silent = x if mask is None else x.masked_fill(~mask[..., None], 0.0)
        before = torch.cat([torch.zeros_like(silent[:, :1]), silent[:, :-1]], dim=1)
        return self.mix(torch.cat([silent, before], dim=-1))


class Highest(nn.Module):
    def __init__(self):
        super().__init__()
        self.causal = False

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "Highest")
        if mask is None:
            return x.amax(dim=1, keepdim=True).expand_as(x)
        hidden = x.masked_fill(~mask[..., None], torch.finfo(x.dtype).min)
        highest = hidden.amax(dim=1, keepdim=True)
        return highest.masked_fill(~mask.any(dim=1)[:, None, None], 0.0).expand_as(x)


class Wrapped(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.causal = False
        self.first, self.second = Attention(d_model, n_heads), nn.Linear(d_model, d_model)

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "Wrapped")
        return self.second(self.first(x, mask))


class Forgetful(nn.Module):
    causal = False

    def forward(self, x, mask=None):
        return x.mean(dim=1, keepdim=True).expand_as(x)


class Copy(nn.Module):
    causal = False

    def forward(self, x, mask=None):
        expect_mask(mask, x.shape[0], x.shape[1], "Copy")
        return x


def mixer_shift(d_model, n_heads):
    return Shift(d_model)


def mixer_highest(d_model, n_heads):
    return Highest()


def mixer_wrapped(d_model, n_heads):
    return Wrapped(d_model, n_heads)


def mixer_forgetful(d_model, n_heads):
    return Forgetful()


def mixer_copy(d_model, n_heads):
    return Copy()


def mixer_attention(d_model, n_heads):
    return Attention(d_model, n_heads)


def mixer_class(d_model, n_heads):
    return Shift


RIGHT = {
    "18.front": [front_loops, front_numpy, front_tensor],
    "18.against": [against_loop, against_torch],
    "18.my_mixer": [mixer_shift, mixer_highest, mixer_wrapped],
}
WRONG = {
    "18.front": [front_strict, front_either, front_high, front_winners],
    "18.against": [against_means, against_zip, against_population, against_reversed],
    "18.my_mixer": [mixer_forgetful, mixer_copy, mixer_attention, mixer_class],
}

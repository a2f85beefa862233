"""Exercise 15, as people write it from the task's text."""

import cmath
import math

import torch


def spectrum_loops(x):
    n = len(x)
    result = torch.zeros(n, dtype=torch.complex128)
    for k in range(n):
        for p in range(n):
            result[k] += complex(x[p]) * cmath.exp(-2j * math.pi * k * p / n)
    return result


def spectrum_two_tables(x):
    n = x.shape[0]
    angle = 2 * math.pi * torch.arange(n)[:, None] * torch.arange(n)[None, :] / n
    x = x.float()
    return torch.complex((angle.cos() * x).sum(1), -(angle.sin() * x).sum(1))


def spectrum_einsum(x):
    n = len(x)
    hand = cmath.exp(-2j * cmath.pi / n)
    table = torch.tensor([[hand ** (k * p) for p in range(n)] for k in range(n)])
    return torch.einsum("kp,p->k", table, x.to(table.dtype))


def spectrum_by_symmetry(x):
    half = torch.fft.rfft(x)
    n = len(x)
    mirrored = [half[n - k].conj() for k in range(len(half), n)]
    return torch.cat([half, torch.stack(mirrored)]) if mirrored else half


def spectrum_sines_swapped(x):
    n = len(x)
    angle = 2 * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n
    return torch.complex(angle.sin() @ x, angle.cos() @ x)


def spectrum_real_cosines(x):
    n = len(x)
    return torch.cos(2 * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n) @ x


def spectrum_squared(x):
    return torch.fft.fft(x).abs() ** 2


def spectrum_doubled(x):
    return 2 * torch.fft.fft(x) / len(x)


def spectrum_shifted(x):
    return torch.fft.fftshift(torch.fft.fft(x))


def spectrum_rounds_from_one(x):
    n = len(x)
    k, p = torch.arange(1, n + 1), torch.arange(n)
    return torch.exp(-2j * math.pi * torch.outer(k, p) / n) @ x.to(torch.complex64)


def spectrum_plus(x):
    n = len(x)
    table = torch.exp(2j * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n)
    return table @ x.to(table.dtype)


def spectrum_mean(x):
    return torch.fft.fft(x) / x.shape[0]


def signal_sum(hands):
    n = len(hands)
    total = torch.zeros(n)
    for k in range(n):
        angle = 2 * math.pi * k * torch.arange(n) / n
        total += hands[k].real * angle.cos() - hands[k].imag * angle.sin()
    return total / n


def signal_from_half(hands):
    return torch.fft.irfft(hands[: len(hands) // 2 + 1], n=len(hands))


def signal_inverse_matrix(hands):
    n = len(hands)
    table = torch.exp(-2j * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n)
    return torch.linalg.solve(table.to(torch.complex128), hands.to(torch.complex128)).real


def signal_numpy_inside(hands):
    import numpy as np

    return torch.from_numpy(np.fft.ifft(hands.numpy()).real.copy())


def signal_sines_added(hands):
    n = len(hands)
    angle = 2 * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n
    return (angle.cos() @ hands.real + angle.sin() @ hands.imag) / n


def signal_cosines(hands):
    n = len(hands)
    angle = 2 * math.pi * torch.outer(torch.arange(n), torch.arange(n)) / n
    return angle.cos() @ hands.real / n


def signal_undivided(hands):
    return torch.fft.ifft(hands, norm="forward").real


def signal_ortho(hands):
    return torch.fft.ifft(hands, norm="ortho").real


def signal_complex(hands):
    return torch.fft.ifft(hands)


def signal_reversed(hands):
    return torch.fft.fft(hands).real / len(hands)


def signal_absolute(hands):
    return torch.fft.ifft(hands).abs()


def whole_tiled(even, odd):
    n = 2 * len(even)
    turn = torch.exp(-2j * math.pi * torch.arange(n) / n)
    return even.repeat(2) + turn * odd.repeat(2)


def whole_table(even, odd):
    n = 2 * len(even)
    out = torch.empty(n, dtype=torch.complex128)
    for k in range(len(even)):
        turned = complex(odd[k]) * cmath.exp(-2j * cmath.pi * k / n)
        out[k], out[k + n // 2] = complex(even[k]) + turned, complex(even[k]) - turned
    return out


def whole_polar(even, odd):
    half = len(even)
    turn = torch.polar(torch.ones(half), -math.pi * torch.arange(half) / half)
    return torch.hstack((even + turn * odd, even - turn * odd))


def whole_sum_alone(even, odd):
    return torch.cat([even + odd, even - odd])


def whole_short_turn(even, odd):
    half = len(even)
    turn = torch.exp(-2j * math.pi * torch.arange(half) / half)
    return torch.cat([even + turn * odd, even - turn * odd])


def whole_wrong_sign(even, odd):
    half = len(even)
    turn = torch.exp(2j * math.pi * torch.arange(half) / (2 * half))
    return torch.cat([even + turn * odd, even - turn * odd])


def whole_swapped_signs(even, odd):
    turned = torch.exp(-1j * math.pi * torch.arange(len(even)) / len(even)) * odd
    return torch.cat([even - turned, even + turned])


def whole_interleaved(even, odd):
    return torch.stack([even, odd], dim=1).flatten()


def whole_repeated(even, odd):
    turned = torch.exp(-1j * math.pi * torch.arange(len(even)) / len(even)) * odd
    return (even + turned).repeat(2)


def period_numpy(x, every):
    import numpy as np

    power = np.abs(np.fft.rfft(np.asarray(x))) ** 2
    power[0] = 0
    return len(x) * every / int(np.argmax(power))


def period_loop(x, every):
    best, rounds, n = -1.0, 0, len(x)
    for k in range(1, n // 2 + 1):
        hand = sum(float(x[p]) * cmath.exp(-2j * math.pi * k * p / n) for p in range(n))
        if abs(hand) > best:
            best, rounds = abs(hand), k
    return n * every / rounds


def period_tensor(x, every):
    rounds = torch.fft.rfft(x)[1:].abs().argmax() + 1
    return len(x) * every / rounds


def period_with_level(x, every):
    k = torch.fft.rfft(x).abs().argmax().item()
    return len(x) * every / k if k else math.inf


def period_cut_off(x, every):
    k = torch.fft.rfft(x)[1:].abs().argmax().item()
    return len(x) * every / k if k else math.inf


def period_rounds(x, every):
    return int(torch.fft.rfft(x)[1:].abs().argmax()) + 1


def period_frequency(x, every):
    return (int(torch.fft.rfft(x)[1:].abs().argmax()) + 1) / (len(x) * every)


def period_in_places(x, every):
    return len(x) / (int(torch.fft.rfft(x)[1:].abs().argmax()) + 1)


def period_real(x, every):
    return len(x) * every / (int(torch.fft.rfft(x)[1:].real.argmax()) + 1)


RIGHT = {
    "15.spectrum": [spectrum_loops, spectrum_two_tables, spectrum_einsum, spectrum_by_symmetry],
    "15.back": [signal_sum, signal_from_half, signal_inverse_matrix, signal_numpy_inside],
    "15.butterfly": [whole_tiled, whole_table, whole_polar],
    "15.period": [period_numpy, period_loop, period_tensor],
}
WRONG = {
    "15.spectrum": [
        spectrum_sines_swapped,
        spectrum_real_cosines,
        spectrum_squared,
        spectrum_doubled,
        spectrum_shifted,
        spectrum_rounds_from_one,
        spectrum_plus,
        spectrum_mean,
    ],
    "15.back": [
        signal_sines_added,
        signal_cosines,
        signal_undivided,
        signal_ortho,
        signal_complex,
        signal_reversed,
        signal_absolute,
    ],
    "15.butterfly": [
        whole_sum_alone,
        whole_short_turn,
        whole_wrong_sign,
        whole_swapped_signs,
        whole_interleaved,
        whole_repeated,
    ],
    "15.period": [
        period_with_level,
        period_cut_off,
        period_rounds,
        period_frequency,
        period_in_places,
        period_real,
    ],
}

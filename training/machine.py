"""
What a machine has to give. In: nothing, or a device. Out: the device, its precision, its free memory, its matrix rate.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from .recipe import SMALL_MODEL

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
"""What the user may say of precision."""
MATRIX = {"cuda": 8192}
"""Rows of the matrix whose product is timed, where it is not 1024."""


def choose_device() -> torch.device:
    """Return the accelerator of this machine and process, or its processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def choose_dtype(device: torch.device, parameters: int) -> torch.dtype:
    """
    Return what a base of *parameters* is kept in: bf16 where *device* multiplies in it by itself, else full precision.

    On a processor a small base stays in full precision: its matrices are too narrow to gain by less.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = parameters >= SMALL_MODEL and multiplies_in_bf16()
    return torch.bfloat16 if native else torch.float32


def multiplies_in_bf16() -> bool:
    """Claim that this processor has instructions for products in bf16: four times the rate of full precision."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """
    Return the floating-point operations a second of one square matrix product on *device*.

    An accelerator takes microseconds for a product that takes a processor milliseconds, and as long to be asked for it.
    """
    size = MATRIX.get(device.type, 1024)
    # of ones a GPU makes less heat, and so more products
    a = torch.randn(size, size, device=device, dtype=dtype)
    rates: list[float] = []
    for _ in range(4):
        synchronize(device)
        started = time.perf_counter()
        torch.mm(a, a)
        synchronize(device)
        rates.append(2 * size**3 / (time.perf_counter() - started))
    return max(rates)


def free_memory(device: torch.device) -> int:
    """Return the bytes that *device* has to give: of an accelerator also those that torch holds in reserve."""
    if device.type == "cuda":
        in_reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + in_reserve
    return min(machine_memory(), container_memory() or sys.maxsize)


def machine_memory() -> int:
    """Return the bytes that this machine has to give."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def container_memory(root: Path = Path("/")) -> int | None:
    """
    Return the bytes that the control groups of this process have left, or None where they set no limit (cgroup v2).

    A process counts towards its own group and all above it.
    """
    top = root / "sys/fs/cgroup"
    with suppress(OSError, StopIteration):
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
        own = top / next(line for line in lines if line.startswith("0::")).removeprefix("0::").lstrip("/")
        groups = [group for group in (own, *own.parents) if group.is_relative_to(top)]
        return min(filter(None, map(memory_left, groups)), default=None)
    return None


def memory_left(group: Path) -> int | None:
    """
    Return the bytes that a control group has left, or None where it has no limit of its own.

    What files fill of it is given back when it is needed.
    """
    with suppress(OSError, ValueError):
        most, held = (int((group / name).read_text("utf-8")) for name in ("memory.max", "memory.current"))
        rows = dict(line.split() for line in (group / "memory.stat").read_text("utf-8").splitlines())
        return max(1, most - held + int(rows.get("inactive_file", 0)))
    return None


def existing_parent(path: Path) -> Path:
    """Return *path*, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


def synchronize(device: torch.device) -> None:
    """Wait for *device*, so that a clock means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)

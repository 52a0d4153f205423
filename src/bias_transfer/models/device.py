"""Where the arithmetic happens: the device, the threads, and the seeds."""

import logging
import os

import torch
from transformers import set_seed
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

logger = logging.getLogger(__name__)


def kind_of(device: torch.device) -> str:
    """Name the kind of device: what was half trained on one cannot be finished on another."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    # The instructions that sums are made with, and so their rounding.
    return f"{device.type} ({torch.backends.cpu.get_cpu_capability()})"


def half_precision(device: torch.device) -> torch.autocast:
    """Return the block within which a model is trained: bfloat16 on a GPU that computes in it.

    An older one, such as a V100 or a T4, only emulates it, which is slower than single precision.
    """
    enabled = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def on_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor on a device; a GPU computes on while it is copied, since it is pinned."""
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def prepare_device(seed: int, gpu_share: int = 1) -> torch.device:
    """Choose CUDA where there is one, fix every seed, and say in the log what was chosen.

    On the CPU one thread is used, whatever the machine has: sums over several threads are added in
    another order, and the numbers would depend on `--cores`. On a GPU torch is held to operations
    that add in the same order each time, and raises RuntimeError at one that has no such form.

    Parameters
    ----------
    seed
        Of all random numbers.
    gpu_share
        Processes that share the GPU: each may allocate so large a part of its memory.
    """
    # Progress goes to the log, line by line; a bar would fill the terminal.
    disable_progress_bar()
    # What a load found missing is checked key by key in `checkpoints`, and refused or meant.
    set_verbosity_error()
    set_seed(seed)
    if torch.cuda.is_available():
        device = torch.device("cuda")
        _compute_alike_each_time()
        if gpu_share > 1:
            torch.cuda.set_per_process_memory_fraction(1 / gpu_share)
        logger.info("device: cuda (%s)", torch.cuda.get_device_name(device))
        return device
    torch.set_num_threads(1)
    logger.info("device: cpu (one thread)")
    return torch.device("cpu")


def _compute_alike_each_time() -> None:
    # DeBERTa's attention, for one, is by default a sum of what comes first.
    torch.use_deterministic_algorithms(True)
    # Is asked for by torch, and read when the first product is asked for: 8 buffers of 4 MiB, as
    # much as there is without it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Nothing is read before it is written here; to fill all memory with NaN would only take time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]

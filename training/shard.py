"""
A base that no card holds alone. In: an adapted model on the host. Out: the same, its layers spread over processes.

Each process keeps its part of every layer's frozen weights and borrows the rest while that layer computes (FSDP2,
`torch.distributed.fsdp.fully_shard`). Embedding, head and adapter stay whole everywhere, so the loop, its gradients and
what is saved are those of plain data parallel; what it asks in return is that all processes compute equally often.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard

from ..mining.errors import InputError
from .forward import decoder_layers, plain_model

if TYPE_CHECKING:
    from accelerate import Accelerator
    from peft import PeftModel

    from .recipe import Recipe


def require_sharding(recipe: Recipe, processes: int) -> None:
    """
    Raise `InputError` where *recipe* cannot be kept with layers spread over *processes*.
    """
    if processes < 2:
        raise InputError(
            "shard=true spreads the base over processes, and this is one: start it with accelerate launch."
        )
    if recipe.method != "lora":
        raise InputError(f"shard=true goes with method=lora; {recipe.method!r} reads whole layers.")
    if recipe.probes:
        raise InputError("With shard=true no process can write answers by itself. Set probes=0.")
    if recipe.skim or recipe.compile:
        raise InputError("With shard=true every process computes equally often. Set skim=false and compile=false.")


@contextmanager
def taking_turns(accelerator: Accelerator) -> Iterator[DeviceMesh]:
    """
    Run the block in one process of a machine after the other, and give it the mesh that all of them are.

    A host that holds the base once is enough: each has spread its copy, and let go of it, before the next begins.
    """
    device = accelerator.device
    mesh = init_device_mesh(device.type, (accelerator.num_processes,))
    own = accelerator.local_process_index
    indices: Any = accelerator.gather(torch.tensor([own], device=device))
    for _ in range(own):
        accelerator.wait_for_everyone()
    yield mesh
    for _ in range(own, int(indices.max()) + 1):
        accelerator.wait_for_everyone()


def spread_layers(model: PeftModel, device: torch.device, mesh: DeviceMesh) -> None:
    """Spread the decoder layers of *model*, which lies on the host, over *mesh*, and put the rest on *device*."""
    if device.type == "cpu":
        # threads of one process would ask for layers in any order
        torch.set_num_threads(1)
    learned = {parameter for parameter in model.parameters() if parameter.requires_grad}
    body: Any = plain_model(model).base_model
    layers = decoder_layers(model)
    for layer in layers:
        fully_shard(layer, mesh=mesh, ignored_params=learned)
    spread = {parameter for layer in layers for parameter in layer.parameters()}
    # the body owns no weights of its own, and lets one layer be fetched while another computes
    fully_shard(body, mesh=mesh, ignored_params=learned | (set(body.parameters()) - spread))
    model.to(device)

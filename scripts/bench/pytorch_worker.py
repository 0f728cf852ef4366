"""A native PyTorch loop of the same network, in a process of its own.

    python -m scripts.bench.pytorch_worker SETTINGS.json

It first prints its version and the network's parameters, then trains one epoch for each line
of its input and prints the seconds. TensorFlow's threads and PyTorch's would wait actively for
one another in one process; here one of the two sleeps while the other has its turn.
"""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

NEGATIVE_SLOPE = 0.2
"""Of Keras' ``leaky_relu``."""


class Block(nn.Module):
    """Convolutions with a leaky ReLU, and dropout after the first."""

    def __init__(self, channels: int, filters: int, *, convolutions: int, drop: nn.Module) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for index in range(convolutions):
            inputs = channels if index == 0 else filters
            parts += [nn.Conv2d(inputs, filters, 3, padding=1), nn.LeakyReLU(NEGATIVE_SLOPE, True)]
            parts += [drop] if index == 0 else []
        self.parts = nn.Sequential(*parts)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """The block's features."""
        return self.parts(features)


class UNet(nn.Module):
    """The same UNet with a residual output, and dropout in every block and on every skip."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        depth, filters, channels = (settings[key] for key in ("depth", "filters", "channels"))
        kinds = {"none": nn.Identity, "dropout": nn.Dropout, "spatial": nn.Dropout2d}
        kind, rate = kinds[settings["kind"]], settings["rate"]

        def block(inputs: int, outputs: int) -> Block:
            return Block(inputs, outputs, convolutions=settings["convolutions"], drop=kind(rate))

        sizes = [filters * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(map(block, [channels, *sizes], sizes))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(below, here, 2, stride=2) for here, below in pairwise(sizes)
        )
        self.decoder = nn.ModuleList(block(2 * size, size) for size in sizes[:-1])
        self.drop = kind(rate)
        self.head = nn.Conv2d(filters, channels, 3, padding=1)
        nn.init.zeros_(self.head.weight)

    def forward(self, degraded: torch.Tensor) -> torch.Tensor:
        """The restored images."""
        features, skips = degraded, []
        for level, block in enumerate(self.encoder):
            features = block(functional.max_pool2d(features, 2) if level else features)
            skips.append(features)
        for level in reversed(range(len(self.decoder))):
            joined = torch.cat([self.drop(skips[level]), self.up[level](features)], dim=1)
            features = self.decoder[level](joined)
        return degraded + self.head(features)


class Loop:
    """Trains and validates, an epoch at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        torch.set_num_threads(settings["threads"])
        torch.manual_seed(0)
        self.batch_size: int = settings["batch_size"]
        self.autocast = settings["precision"] == "mixed_bfloat16"
        self.network = UNet(settings).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=True)
        with np.load(settings["arrays"]) as arrays:
            self.arrays = {name: torch.from_numpy(arrays[name]) for name in arrays}

    def train_epoch(self) -> dict[str, float]:
        """Seconds of the training steps, and of the epoch with its validation."""
        start = time.perf_counter()
        self.network.train()
        order = torch.randperm(len(self.arrays["clean"]))
        for places in order.split(self.batch_size):
            self.step(self.pick("degraded", places), self.pick("clean", places))
        train = time.perf_counter() - start
        self.validate()
        return {"train": train, "whole": time.perf_counter() - start}

    def warm_up(self) -> None:
        """Makes two steps, of which the first one chooses kernels."""
        places = torch.arange(self.batch_size)
        for _ in range(2):
            self.step(self.pick("degraded", places), self.pick("clean", places))

    def step(self, degraded: torch.Tensor, clean: torch.Tensor) -> float:
        """The mean loss of one training step."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(degraded, clean)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())

    def validate(self) -> float:
        """The mean loss over the validation patches."""
        self.network.eval()
        every = torch.arange(len(self.arrays["validation_clean"]))
        with torch.no_grad():
            losses = [
                self.loss(
                    self.pick("validation_degraded", part), self.pick("validation_clean", part)
                )
                for part in every.split(self.batch_size)
            ]
        return float(torch.stack(losses).mean())

    def loss(self, degraded: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
        """The mean absolute error, in float32."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            restored = self.network(degraded)
        return functional.l1_loss(restored.float(), clean)

    def pick(self, name: str, places: torch.Tensor) -> torch.Tensor:
        """Patches of an array as PyTorch names their axes; channels stay last in memory."""
        return self.arrays[name][places].permute(0, 3, 1, 2)


def main() -> None:
    """Answers each line of the input with an epoch's seconds, until there are no more."""
    loop = Loop(json.loads(Path(sys.argv[1]).read_text()))
    loop.warm_up()
    parameters = sum(parameter.numel() for parameter in loop.network.parameters())
    print(json.dumps({"version": torch.__version__, "parameters": parameters}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(loop.train_epoch()), flush=True)


if __name__ == "__main__":
    main()

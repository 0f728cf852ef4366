import re
from pathlib import Path
from statistics import fmean
from subprocess import CompletedProcess

import pytest

from tests.cli.commands import dropstudy

BATCH = 16


@pytest.fixture(scope="module")
def explained(smoke_yaml: Path) -> CompletedProcess[str]:
    """The smoke config, whose encoder and skips drop whole maps, and three more groups."""
    return dropstudy(
        "explain",
        smoke_yaml,
        "--set",
        "dropout.input={kind: dropout, rate: 0.5}",
        "--set",
        "dropout.bottleneck={kind: dropblock, rate: 0.1, block_size: 3}",
        "--set",
        "dropout.head={kind: gaussian, rate: 0.2}",
    )


def test_it_succeeds_without_chatter(explained: CompletedProcess[str]) -> None:
    assert explained.returncode == 0
    assert explained.stderr == ""
    assert "TensorFlow" not in explained.stdout


def test_each_place_has_the_mask_and_the_draws_that_its_kind_needs(
    explained: CompletedProcess[str],
) -> None:
    # Patches of 32×32×3 in batches of 16; 8 filters at 32×32, 16 at 16×16, 32 at 8×8.
    # A 3×3 block fits an 8×8 map in 6×6 places; of a row's 8 values, so many of them cover each:
    covers = [1, 2, 3, 3, 3, 3, 2, 1]
    start = 0.1 * 8 * 8 / (3 * 3 * 6 * 6)
    kept = fmean((1 - start) ** (down * right) for down in covers for right in covers)
    table = {
        cells[1]: cells for cells in map(str.split, explained.stdout.splitlines()) if cells[7:]
    }
    expected = [
        f"input input_dropout dropout 0.5 50.0% 16×32×32×3 16×32×32×3 {BATCH * 32 * 32 * 3:,}",
        f"encoder encoder_0_dropout spatial 0.02 2.0% 16×32×32×8 16×1×1×8 {BATCH * 8}",
        f"encoder encoder_1_dropout spatial 0.05 5.0% 16×16×16×16 16×1×1×16 {BATCH * 16}",
        f"bottleneck bottleneck_dropout dropblock 0.1 {1 - kept:.1%} 16×8×8×32 16×8×8×32 "
        f"{BATCH * 6 * 6 * 32:,}",
        f"skip skip_1_dropout spatial 0.1 10.0% 16×16×16×16 16×1×1×16 {BATCH * 16}",
        f"skip skip_0_dropout spatial 0.1 10.0% 16×32×32×8 16×1×1×8 {BATCH * 8}",
        f"head head_dropout gaussian 0.2 0.0% 16×32×32×8 16×32×32×8 {BATCH * 32 * 32 * 8:,}",
    ]
    assert {row.split()[1]: row.split() for row in expected} == {
        layer: cells for layer, cells in table.items() if layer.endswith("_dropout")
    }
    total = BATCH * (32 * 32 * 3 + 8 + 16 + 6 * 6 * 32 + 16 + 8 + 32 * 32 * 8)
    assert f"\n{total:,} random numbers drawn for a training step of 16 patches" in explained.stdout


def test_the_cost_is_what_the_convolutions_add_up_to(explained: CompletedProcess[str]) -> None:
    # Input filters, output filters, side of the kernel, side of the map that it is applied to.
    convolutions = [
        *((3, 8, 3, 32), (8, 8, 3, 32)),
        *((8, 16, 3, 16), (16, 16, 3, 16)),
        *((16, 32, 3, 8), (32, 32, 3, 8)),
        *((32, 16, 2, 8), (32, 16, 3, 16), (16, 16, 3, 16)),
        *((16, 8, 2, 16), (16, 8, 3, 32), (8, 8, 3, 32)),
        (8, 3, 3, 32),
    ]
    parameters = sum(before * after * side**2 + after for before, after, side, _ in convolutions)
    multiply_adds = sum(
        before * after * side**2 * size**2 for before, after, side, size in convolutions
    )
    assert (parameters, multiply_adds) == (29_675, 6_602_752)
    found = re.search(r"parameters +([\d,]+)\nmultiply-adds +(.+)", explained.stdout)
    assert found is not None
    assert found[1] == "29,675"
    assert found[2].startswith("7 million for a patch of 32×32×3, 0.3 billion for a training step")

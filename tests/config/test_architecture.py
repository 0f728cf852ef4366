import pytest

from dropstudy.config.architecture import Architecture
from dropstudy.config.dropout import GROUPS, Group


@pytest.mark.parametrize(
    ("group", "unet", "autoencoder"),
    [
        ("input", 1, 1),
        ("encoder", 4, 4),
        ("bottleneck", 1, 1),
        ("decoder", 4, 4),
        ("skip", 4, 0),
        ("head", 1, 1),
    ],
)
def test_only_a_unet_has_skip_connections(group: Group, unet: int, autoencoder: int) -> None:
    assert Architecture(kind="unet", depth=4).levels(group) == unet
    assert Architecture(kind="autoencoder", depth=4).levels(group) == autoencoder


def test_every_group_has_a_number_of_levels() -> None:
    network = Architecture(kind="unet", depth=5)
    assert {network.levels(group) for group in GROUPS} == {1, 5}


@pytest.mark.parametrize(("depth", "multiple"), [(1, 2), (2, 4), (3, 8), (6, 64)])
def test_an_image_must_be_halvable_as_often_as_the_network_is_deep(
    depth: int, multiple: int
) -> None:
    assert Architecture(kind="unet", depth=depth).size_multiple == multiple

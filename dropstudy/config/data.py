"""Where clean images come from, how they are cut and how they are split."""

from typing import Annotated, Literal

from pydantic import Field

from dropstudy.config.setting import Allowed, Count, Rate, Setting

PatchSize = Annotated[int, Field(ge=8, le=1024), Allowed("a whole number from 8 to 1024")]
Channels = Literal["rgb", "grey"]
TextPages = Annotated[int, Field(ge=0, le=10_000), Allowed("a whole number from 0 to 10,000")]
Folder = Annotated[str, Field(min_length=1), Allowed("the path of a folder")]


class Augmentation(Setting):
    """What varies in a training patch from epoch to epoch."""

    flip: bool = True
    """Mirror left to right, every other time."""
    turn: bool = True
    """Turn by a quarter any number of times."""
    crop: bool = True
    """Cut the patch anywhere in its image rather than on the grid."""


class DataSetting(Setting):
    """What every source of images has in common."""

    patch_size: PatchSize = 64
    """Side of a training patch in pixels."""
    stride: Count | None = None
    """Step of the patch grid in pixels; null: the patch size. Smaller: more patches."""
    channels: Channels = "rgb"
    augment: Augmentation = Augmentation()
    evaluation_size: PatchSize = 512
    """Validation and test images are cropped around their centre to at most this side."""

    @property
    def channel_count(self) -> int:
        """Channels of an image: 3 for RGB, 1 for grey."""
        return 1 if self.channels == "grey" else 3

    @property
    def grid_step(self) -> int:
        """Pixels from one patch of the grid to the next."""
        return self.stride or self.patch_size


class SplitSetting(DataSetting):
    """A source without a split of its own: whole images are dealt out by share."""

    validation_share: Rate = 0.15
    """Share of the images, at least one, that chooses the best epoch."""
    test_share: Rate = 0.15
    """Share of the images that is looked at once, at the end; 0 for none."""
    limit: Count | None = None
    """Use at most this many images, chosen by name."""


class Photos(DataSetting):
    """The photographs that come with dropstudy, with a fixed split."""

    kind: Literal["photos"]
    collection: Literal["full", "tiny"] = "full"
    """25 photographs of about 500×400 pixels, or 8 of 128×128 for a smoke test."""
    text_pages: TextPages = 0
    """Pages of small text, 256×256, that join the training; a quarter as many validate and test."""


class ImageFolder(SplitSetting):
    """All images below a folder."""

    kind: Literal["folder"]
    path: Folder


class ImagePairs(SplitSetting):
    """Degraded and clean images in two folders, matched by name."""

    kind: Literal["pairs"]
    degraded: Folder
    clean: Folder


class Arrays(SplitSetting):
    """A ``.npz`` file with ``clean`` and, for the task ``given``, ``degraded``.

    Each has shape ``(n, height, width[, channels])``, uint8 or floats in [0, 1].
    """

    kind: Literal["arrays"]
    path: Annotated[str, Field(min_length=1), Allowed("the path of a .npz file")]


DataChoice = Annotated[Photos | ImageFolder | ImagePairs | Arrays, Field(discriminator="kind")]

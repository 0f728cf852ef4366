"""How a clean image becomes the network's input."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from dropstudy.config.setting import (
    Allowed,
    OneOrRange,
    Setting,
    Share,
)

Levels = Annotated[float, Field(ge=0, le=1000), Allowed("a number from 0 to 1000")]
"""Of a standard deviation on the 0–255 scale."""
Quality = Annotated[int, Field(ge=1, le=100), Allowed("a whole number from 1 to 100")]


class Pixelate(Setting):
    """Each square of ``block``×``block`` pixels takes its mean colour."""

    kind: Literal["pixelate"]
    block: Annotated[int, Field(ge=2, le=64), Allowed("a whole number from 2 to 64")] = 4


class Gaussian(Setting):
    """White Gaussian noise, its standard deviation on the 0–255 scale, as papers give it."""

    kind: Literal["gaussian"]
    sigma: OneOrRange[Levels] = 25.0
    quantize: bool = False
    """Whether the noisy image is clipped to [0, 1] and rounded to 8 bits."""


class Poisson(Setting):
    """Photon noise of a sensor that counts ``peak`` photons at white."""

    kind: Literal["poisson"]
    peak: OneOrRange[
        Annotated[float, Field(ge=0.001, le=1e9), Allowed("a number from 0.001 to 1e9")]
    ] = 30.0


class Speckle(Setting):
    """Noise in proportion to the pixel: x·(1 + n), n of standard deviation ``sigma``."""

    kind: Literal["speckle"]
    sigma: OneOrRange[Annotated[float, Field(ge=0, le=10), Allowed("a number from 0 to 10")]] = 0.2


class SaltPepper(Setting):
    """A share of the pixels turns white or black, as likely the one as the other."""

    kind: Literal["salt_pepper"]
    amount: OneOrRange[Share] = 0.05


class Jpeg(Setting):
    """JPEG compression and back (4:2:0 chroma, baseline tables)."""

    kind: Literal["jpeg"]
    quality: OneOrRange[Quality] = 20


class Blur(Setting):
    """A Gaussian blur, its standard deviation in pixels."""

    kind: Literal["blur"]
    sigma: OneOrRange[
        Annotated[float, Field(gt=0, le=100), Allowed("a number above 0, up to 100")]
    ] = 1.5


class Grain(Setting):
    """Film grain: noise in patches of about ``size`` pixels, the same in every channel."""

    kind: Literal["grain"]
    sigma: OneOrRange[Levels] = 15.0
    """Standard deviation on the 0–255 scale."""
    size: Annotated[float, Field(gt=0, le=8), Allowed("a number above 0, up to 8")] = 1.0
    """Standard deviation, in pixels, of the blur that makes grains out of white noise."""


class Given(Setting):
    """The data bring their own degraded images (``pairs``, or ``arrays`` with both)."""

    kind: Literal["given"]


SingleTask = Annotated[
    Pixelate | Gaussian | Poisson | Speckle | SaltPepper | Jpeg | Blur | Grain,
    Field(discriminator="kind"),
]


class Compose(Setting):
    """Several degradations, one after the other."""

    kind: Literal["compose"]
    steps: Annotated[tuple[SingleTask, ...], Strict(False), Field(min_length=1)]


DefiniteTask = Annotated[
    Pixelate | Gaussian | Poisson | Speckle | SaltPepper | Jpeg | Blur | Grain | Compose,
    Field(discriminator="kind"),
]
"""One degradation, or one row of them."""


class OneOf(Setting):
    """Each image is degraded in one of several ways, each as likely."""

    kind: Literal["one_of"]
    choices: Annotated[tuple[DefiniteTask, ...], Strict(False), Field(min_length=2)]


AppliedTask = Annotated[
    Pixelate | Gaussian | Poisson | Speckle | SaltPepper | Jpeg | Blur | Grain | Compose | OneOf,
    Field(discriminator="kind"),
]
"""What can be done to any clean image."""

TaskSetting = Annotated[
    Pixelate
    | Gaussian
    | Poisson
    | Speckle
    | SaltPepper
    | Jpeg
    | Blur
    | Grain
    | Compose
    | OneOf
    | Given,
    Field(discriminator="kind"),
]

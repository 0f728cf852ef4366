"""What all parts of an experiment share: strictness, and words for what is allowed."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetCoreSchemaHandler, Strict, Tag
from pydantic_core import CoreSchema, core_schema

Value = TypeVar("Value")


class Setting(BaseModel):
    """A frozen part of an experiment: refuses unknown keys and values of another type."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True)
class Allowed:
    """Says in ``words`` what a value may be, whatever way it failed to be that."""

    words: str

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wraps the value's own checks so that their errors carry these words."""
        return core_schema.custom_error_schema(
            handler(source),
            custom_error_type="not_allowed",
            custom_error_message=self.words.replace("{", "{{").replace("}", "}}"),
        )


Rate = Annotated[float, Field(ge=0, lt=1), Allowed("a fraction from 0 up to, not including, 1")]
Share = Annotated[float, Field(gt=0, le=1), Allowed("a fraction above 0, up to 1")]
Positive = Annotated[float, Field(gt=0), Allowed("a number above 0")]
NonNegative = Annotated[float, Field(ge=0), Allowed("a number from 0 up")]
Count = Annotated[int, Field(ge=1), Allowed("a whole number from 1 up")]
CountOrZero = Annotated[int, Field(ge=0), Allowed("a whole number from 0 up")]


def _number_or_list(value: object) -> str:
    return "list" if isinstance(value, (list, tuple)) else "number"


OneOrPerLevel = Annotated[
    Annotated[Value, Tag("number")]
    | Annotated[tuple[Value, ...], Strict(False), Field(min_length=1), Tag("list")],
    Discriminator(_number_or_list),
]
"""One number for all levels, or a list with one number for each."""

OneOrRange = Annotated[
    Annotated[Value, Tag("number")] | Annotated[tuple[Value, Value], Strict(False), Tag("list")],
    Discriminator(_number_or_list),
]
"""One number, or the two ends of a range from which each sample draws its own."""


def range_of(value: float | tuple[float, float]) -> tuple[float, float]:
    """The two ends of a number or range, low one first."""
    low, high = value if isinstance(value, tuple) else (value, value)
    return min(low, high), max(low, high)

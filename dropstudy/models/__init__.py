"""Keras networks and their dropout; importing this registers the layers that are ours."""

from dropstudy.models.dropblock import DropBlock2D
from dropstudy.models.network import build_network

__all__ = ["DropBlock2D", "build_network"]

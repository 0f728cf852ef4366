"""What an experiment is: its parts, how they are read and what can be wrong with them."""

from dropstudy.config.experiment import Experiment
from dropstudy.config.loading import dump_experiment, load_experiment

__all__ = ["Experiment", "dump_experiment", "load_experiment"]

"""Every error that dropstudy raises on purpose; only the command line catches them."""


class DropstudyError(Exception):
    """Something the user can act on: its text says what, where and what to do.

    Attributes:
        exit_code: What the command line exits with: 2 for a bad config, argument or
            input, 1 for a run that failed.
    """

    exit_code = 1


class ConfigError(DropstudyError):
    """An experiment that cannot be run as written; one line for each problem."""

    exit_code = 2


class DataError(DropstudyError):
    """Images that cannot be used: the text names the file or the folder."""

    exit_code = 2


class RunDirectoryError(DropstudyError):
    """A run directory that cannot be made, written or read."""

    exit_code = 2


class StudyError(DropstudyError):
    """A study that cannot be begun or gone on with as asked."""

    exit_code = 2


class StorageError(DropstudyError):
    """A file of a run that cannot be written: a full disk, a folder that is gone."""


class RuntimeUnavailableError(DropstudyError):
    """A device, precision or thread setting that this machine cannot honour."""

    exit_code = 2


class TrainingError(DropstudyError):
    """A training that could not go on, for instance for a loss that is not finite."""


class OutOfMemoryError(TrainingError):
    """A training for which the device or the machine has too little memory."""


class NotFiniteError(TrainingError):
    """A training whose loss is no number any more."""


class ExportError(DropstudyError):
    """A run that cannot be handed to another program: the text says why and what to do."""

    exit_code = 2

"""Runs the command line: as ``dropstudy``, and as ``python -m dropstudy``."""

import os


def main() -> None:
    """As ``dropstudy.cli.app.main``; an interrupt while that is imported exits with 130, too."""
    try:
        from dropstudy.cli.app import main as run_command
    except KeyboardInterrupt:
        os._exit(130)
    run_command()


if __name__ == "__main__":
    main()

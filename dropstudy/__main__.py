"""Runs the command line as ``python -m dropstudy``."""

from dropstudy.cli.app import main

if __name__ == "__main__":
    main()

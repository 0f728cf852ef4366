"""Checks whether a machine can run what dropstudy does: each gives findings, none prints."""

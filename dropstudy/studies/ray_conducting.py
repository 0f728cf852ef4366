"""A process that has a study's runs trained on a Ray cluster.

    python -m dropstudy.studies.ray_conducting

Takes an order, one line, from standard input and tells of its jobs on standard output, both in
JSON. When its input ends, the study has ended: it has what trains saved, and ends, too.
"""

import json
import logging
import os
import signal
import sys
import threading
from typing import IO

import ray

from dropstudy.errors import StudyError
from dropstudy.studies.ray_cluster import REFUSAL, Order
from dropstudy.studies.ray_dispatch import Dispatch
from dropstudy.studies.ray_nodes import check_nodes, find_nodes

_PATIENCE = 30.0
"""Seconds for a cluster to answer."""


def main() -> None:
    """Connects, checks the cluster, and has all jobs done."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints must not pass for an event
    order = Order.from_line(sys.stdin.readline())
    begun: list[Dispatch] = []
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_await_end, args=(begun,), daemon=True).start()
    try:
        _connect(order.address, events)
        nodes = find_nodes(cpus=order.cpus, gpus=order.gpus)
        nodes = check_nodes(nodes, order.jobs[0].runs)
        dispatch = Dispatch(
            order,
            slots=sum(node.slots for node in nodes),
            tell=lambda event: _write(events, event.to_line()),
        )
        begun.append(dispatch)
        dispatch.run()
    except StudyError as error:
        _refuse(events, str(error))
    except KeyboardInterrupt:  # by _await_end: nothing trains yet
        pass
    ray.shutdown()


def _connect(address: str, events: IO[str]) -> None:
    def give_up() -> None:
        _refuse(
            events,
            f"--ray-address {address}: no Ray cluster answers within {_PATIENCE:g} s; does its "
            "head run, and does this machine belong to it (ray start --address=HEAD:6379)?",
        )
        os._exit(1)

    # Ray itself tries for minutes.
    patience = threading.Timer(_PATIENCE, give_up)
    patience.start()
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise StudyError(
            f"--ray-address {address}: {error}\nstart a cluster: ray start --head, and on other "
            "machines: ray start --address=HEAD:6379"
        ) from None
    except (RuntimeError, ValueError, OSError) as error:
        raise StudyError(f"--ray-address {address}: Ray refuses: {error}") from None
    finally:
        patience.cancel()


def _refuse(events: IO[str], reason: str) -> None:
    _write(events, json.dumps({REFUSAL: reason}) + "\n")


def _await_end(begun: list[Dispatch]) -> None:
    sys.stdin.read()
    if begun:
        begun[0].stop()
    else:
        os.kill(os.getpid(), signal.SIGINT)


def _write(events: IO[str], line: str) -> None:
    """Tells the study; one that is gone does not hear it."""
    try:
        events.write(line)
        events.flush()
    except OSError:
        pass


if __name__ == "__main__":
    main()

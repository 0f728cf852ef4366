from collections import Counter

from dropstudy.timing.order import group_arms, order_turns

ONE = {"none": "", "dropout": "none", "spatial": "none", "none again": "none"}
TWO = {**ONE, "large": "", "large dropout": "large"}


def test_arms_go_there_and_back() -> None:
    there = ["none", "dropout", "spatial", "none again"]
    assert order_turns(ONE, 1) == [*there, *reversed(there)]


def test_each_arm_has_two_turns_in_every_round() -> None:
    for number in range(1, 8):
        assert Counter(order_turns(TWO, number)) == dict.fromkeys(TWO, 2)


def test_no_arm_keeps_its_place() -> None:
    assert {order_turns(ONE, number)[0] for number in range(1, 5)} == set(ONE)


def test_a_steady_drift_weighs_on_all_arms_of_a_group_alike() -> None:
    for number in range(1, 5):
        order = order_turns(TWO, number)
        means = {name: order.index(name) + len(order) - order[::-1].index(name) for name in TWO}
        for group in group_arms(TWO):
            assert len({means[name] for name in group}) == 1


def test_arms_stay_near_their_baseline() -> None:
    order = order_turns(TWO, 3)
    assert set(order[:8]) == set(ONE)
    assert set(order[8:]) == {"large", "large dropout"}

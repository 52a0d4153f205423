"""What an interval says, and when it says nothing."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.verdict import verdict, word

KNOWN = {"within": 0.9, "between": 0.9, "downstream": 0.9}


@pytest.mark.parametrize(
    ("low", "high", "within", "between"),
    [
        (0.1, 0.5, "transfers", "goes with downstream bias"),
        (0.25, 0.5, "transfers", "goes with downstream bias"),
        (
            *(0.05, 0.15, "transfers, but less than matters"),
            "goes with downstream bias, but less than matters",
        ),
        (-0.1, 0.15, "does not transfer", "does not go with downstream bias"),
        (-0.15, -0.05, "does not transfer", "does not go with downstream bias"),
        (-0.2, 0.2, "does not transfer", "does not go with downstream bias"),
        (-0.1, 0.3, "undecided", "undecided"),
        (-0.3, 0.1, "undecided", "undecided"),
        (-0.5, -0.1, "is inverted", "goes against downstream bias"),
    ],
)
def test_the_interval_decides_and_the_question_has_its_own_words(low, high, within, between):
    assert word(low, high, 0.2, "within") == within
    assert word(low, high, 0.2, "between") == between


def slopes(within_reason="", between_reason=""):
    row = {"source": "model", "standardised": 0.3, "smallest_detectable": 0.2}
    return pd.DataFrame(
        [
            row | {"effects": "within", "low": 0.1, "high": 0.5, "reason": within_reason},
            row | {"effects": "between", "low": -0.1, "high": 0.1, "reason": between_reason},
        ]
    )


def test_what_interventions_changed_comes_first():
    found = verdict(slopes(), "model", KNOWN, 0.2)
    assert (found.word, found.effects, found.standardised) == ("transfers", "within", 0.3)


def test_where_nothing_moved_the_source_the_slope_between_items_serves():
    found = verdict(slopes("no intervention moves it"), "model", KNOWN, 0.2)
    assert (found.word, found.effects) == ("does not go with downstream bias", "between")


def test_where_nothing_can_be_estimated_the_reason_is_told():
    found = verdict(slopes("no intervention moves it", "the fit is exact"), "model", KNOWN, 0.2)
    assert (found.word, found.reason) == ("not estimated", "the fit is exact")
    assert np.isnan(found.standardised)


@pytest.mark.parametrize(
    ("measure", "what"), [("within", "upstream bias"), ("downstream", "downstream bias")]
)
def test_an_unreliable_measure_leaves_it_undecided_and_is_named(measure, what):
    found = verdict(slopes(), "model", KNOWN | {measure: 0.4}, 0.2)
    assert found.word == "undecided"
    assert found.reason == f"the reliability of {what} is 0.40, and 0.5 is needed"


def test_the_reliability_of_the_other_question_does_not_matter():
    assert verdict(slopes(), "model", KNOWN | {"between": 0.1}, 0.2).word == "transfers"


def test_an_unknown_reliability_forbids_nothing():
    unknown = dict.fromkeys(KNOWN, float("nan"))
    assert verdict(slopes(), "model", unknown, 0.2).word == "transfers"


def test_the_templates_say_nothing_of_the_data():
    rows = slopes().assign(source="data")
    assert verdict(rows, "data", KNOWN | {"within": 0.1}, 0.2).word == "transfers"

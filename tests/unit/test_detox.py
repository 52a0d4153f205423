"""The Detox release's two files, in small files of their form."""

import pandas as pd
import pytest

from bias_transfer.data.detox import read_detox
from bias_transfer.errors import StudyError

COMMENTS = pd.DataFrame(
    {
        "rev_id": [2232, 4216, 8953, 26547],
        "comment": ["thisNEWLINE_TOKENis", 'he said "no"', "`so what`", "a\u2028b"],
        "year": [2002, 2002, 2003, 2004],
        "logged_in": [True, True, False, True],
        "ns": ["article", "user", "article", "article"],
        "sample": ["random", "random", "blocked", "random"],
        "split": ["train", "train", "test", "dev"],
    }
)
# As published: the ids of judgements are written as floats.
ANNOTATIONS = pd.DataFrame(
    {
        "rev_id": [2232.0] * 4 + [4216.0] * 3 + [8953.0] + [26547.0] * 2,
        "worker_id": range(10),
        "toxicity": [1, 1, 0, 0, 1, 1, 0, 1, 0, 0],
        "toxicity_score": [0.0] * 10,
    }
)


@pytest.fixture
def release(tmp_path):
    """Return a function that writes the two files and gives their paths."""

    def write(comments=COMMENTS, annotations=ANNOTATIONS):
        paths = (
            tmp_path / "toxicity_annotated_comments.tsv",
            tmp_path / "toxicity_annotations.tsv",
        )
        comments.to_csv(paths[0], sep="\t", index=False)
        annotations.to_csv(paths[1], sep="\t", index=False)
        return paths

    return write


def test_a_comment_is_toxic_when_more_than_half_of_its_annotators_say_so(release):
    table = read_detox(*release(), ["train", "dev", "test"], 0.5)
    # 2 of 4 is a tie and not toxic; 2 of 3 and 1 of 1 are toxic.
    assert dict(zip(table["rev_id"], table["toxic"], strict=True)) == {
        "2232": "0",
        "4216": "1",
        "8953": "1",
        "26547": "0",
    }
    assert table["comment"].tolist() == COMMENTS["comment"].tolist()


def test_the_threshold_is_the_share_to_exceed(release):
    table = read_detox(*release(), ["train"], 0.4)
    assert table["toxic"].tolist() == ["1", "1"]


def test_only_the_splits_asked_for_are_kept(release):
    assert read_detox(*release(), ["train", "dev"], 0.5)["rev_id"].tolist() == [
        "2232",
        "4216",
        "26547",
    ]


@pytest.mark.parametrize(
    ("comments", "annotations", "said"),
    [
        pytest.param(
            COMMENTS.drop(columns="split"), ANNOTATIONS, "no column 'split'", id="no split"
        ),
        pytest.param(
            COMMENTS, ANNOTATIONS.drop(columns="toxicity"), "no column 'toxicity'", id="no toxicity"
        ),
        pytest.param(
            COMMENTS,
            ANNOTATIONS.assign(toxicity=2),
            "row 1: the toxicity '2' is neither 0 nor 1",
            id="a score",
        ),
        pytest.param(
            COMMENTS,
            ANNOTATIONS[ANNOTATIONS["rev_id"] != 4216],
            "row 2: the comment 4216 has no judgement",
            id="no judgement",
        ),
        pytest.param(
            pd.concat([COMMENTS, COMMENTS.tail(1)]),
            ANNOTATIONS,
            "row 5: the rev_id 26547 appears twice",
            id="twice",
        ),
        pytest.param(
            COMMENTS.assign(split="validation"),
            ANNOTATIONS,
            "row 1: the split 'validation' is not train, dev or test",
            id="an unknown split",
        ),
        pytest.param(
            COMMENTS.assign(rev_id=["x", "1", "2", "3"]),
            ANNOTATIONS,
            "row 1: the rev_id 'x' is not a whole number",
            id="an id that is no number",
        ),
        pytest.param(
            COMMENTS.assign(split="test"),
            ANNOTATIONS,
            "no comment of the splits train, dev",
            id="no such split",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(release, comments, annotations, said):
    with pytest.raises(StudyError) as caught:
        read_detox(*release(comments, annotations), ["train", "dev"], 0.5)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)

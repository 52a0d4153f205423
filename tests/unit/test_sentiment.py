"""Labelled text for the sentiment classifier, and TweetEval's uniform tweets."""

import pytest

from bias_transfer.data.sentiment import sentiment_from, uniform_tweet
from bias_transfer.errors import StudyError
from bias_transfer.runtime.job import Job


def columns(path, **more):
    return {
        "path": str(path),
        "labels_path": "",
        "text": "text",
        "label": "label",
        "labels": {},
    } | more


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@jane look at https://a.b/c", "@user look at http"),
        ("http://x http", "http http"),
        ("mail me@home @", "mail me@home @"),
        ("so (http://x)", "so (http://x)"),
        ("plain  text", "plain  text"),
        ("", ""),
    ],
)
def test_user_names_and_addresses_become_uniform(text, expected):
    assert uniform_tweet(text) == expected


def test_a_table(tmp_path):
    path = tmp_path / "s.tsv"
    path.write_text("text\tlabel\n@x is bad\t0\nso so\t1\ngreat\tpositive\n")
    assert sentiment_from(columns(path)).to_dict("list") == {
        "text": ["@user is bad", "so so", "great"],
        "label": ["negative", "neutral", "positive"],
    }


def test_two_files_side_by_side(tmp_path):
    texts, labels = tmp_path / "texts.txt", tmp_path / "labels.txt"
    texts.write_text("bad\u2028day\ngreat\n", encoding="utf-8")
    labels.write_text("0\n2\n")
    table = sentiment_from(columns(texts, labels_path=str(labels)))
    assert table["label"].tolist() == ["negative", "positive"]
    assert table["text"].tolist() == ["bad\u2028day", "great"]


def test_two_files_of_different_length_are_refused(tmp_path):
    texts, labels = tmp_path / "texts.txt", tmp_path / "labels.txt"
    texts.write_text("bad\ngreat\n")
    labels.write_text("0\n")
    with pytest.raises(StudyError, match="1 label for 2 lines"):
        sentiment_from(columns(texts, labels_path=str(labels)))


def test_a_label_map_of_the_users_own(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("text,label\nbad,neg\ngreat,pos\n")
    labels = {"neg": "negative", "pos": "positive"}
    table = sentiment_from(columns(path, labels=labels))
    assert table["label"].tolist() == ["negative", "positive"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\nbad,3\n", "row 1: '3'"),
        ("text,label\n,0\n", "row 1: the text"),
        ("words,label\nbad,0\n", "no column 'text'"),
    ],
)
def test_a_mistake_names_the_file_and_the_row(tmp_path, content, said):
    path = tmp_path / "s.csv"
    path.write_text(content)
    with pytest.raises(StudyError) as caught:
        sentiment_from(columns(path))
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


@pytest.mark.parametrize(("right", "told"), [(44, True), (56, True), (70, False)])
def test_a_classifier_that_learnt_nothing_is_told(right, told, capsys):
    # Of 100 rows, 50 of one class: 56 may be luck, at one in forty, and 70 is none.
    from bias_transfer.commands.sentiment import _warn_of_chance

    job = Job({}, {}, {})
    _warn_of_chance(job, {"accuracy": right / 100, "majority_accuracy": 0.5}, 100)
    said = capsys.readouterr().err
    assert said.startswith("warning: sentiment: judged by 100 test rows, the class") is told
    assert f"always choosing one class (0.{right} right, against 0.50)" in said or not told
    assert [f"warning: {each}\n" for each in job.warnings] == ([said] if told else [])


def test_that_few_rows_do_not_show_what_a_classifier_learnt_is_not_told_as_if_it_had_failed(capsys):
    from bias_transfer.commands.sentiment import _warn_of_chance

    _warn_of_chance(Job({}, {}, {}), {"accuracy": 1.0, "majority_accuracy": 0.5}, 4)
    said = capsys.readouterr().err
    assert "judged by 4 test rows" in said
    assert "may be noise" in said and "give more sentences" in said

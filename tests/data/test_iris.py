"""The 150 flowers that scikit-learn brings along."""

from __future__ import annotations

import paddle_camp as camp


def test_the_flowers_are_always_there_and_real(capsys):
    flowers = camp.load_iris("synthetic", None)
    assert capsys.readouterr().err == (
        "--data synthetic: iris has no stand-in, since the data are always there; they are used\n"
    )
    assert repr(flowers) == "LabelledTable(iris, float64 [150, 4]; setosa: 50, versicolor: 50, virginica: 50)"
    assert flowers.inputs[0].tolist() == [5.1, 3.5, 1.4, 0.2] and flowers.columns[3] == "petal width (cm)"
    assert (flowers.info.origin, flowers.info.counts, flowers.how) == ("real", {"train": 150}, "scikit-learn")
    again = camp.load_iris(flowers.info.origin, flowers.info.path)  # as running/resuming.py asks for them
    assert again.info == flowers.info and capsys.readouterr().err == ""

"""Iris: 150 flowers of three species, four lengths of each in centimetres; scikit-learn brings them along.

R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddle_camp.data.built_in import LabelledTable, describe_built_in

COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


def load_iris(data: str = "auto", data_dir: str | None = None) -> LabelledTable:
    """The 150 flowers.

    Args:
        data: "synthetic" is answered by a line that there is no stand-in, since the flowers are always there.
        data_dir: nothing is looked for.
    """
    import sklearn.datasets

    inputs, labels = sklearn.datasets.load_iris(return_X_y=True)
    inputs, labels = inputs.astype(np.float64), labels.astype(np.int64)
    folder = str(Path(sklearn.datasets.__file__).parent)
    info = describe_built_in("iris", data, folder, {"train": len(labels)}, inputs, labels)
    return LabelledTable(inputs, labels, COLUMNS, ("setosa", "versicolor", "virginica"), info, how="scikit-learn")

"""Under which terms the data sets may be used, as their publishers say: for the card of a model trained on them."""

from __future__ import annotations

from paddle_camp.data.info import DataInfo

# The name of a data set -> its terms, and who gave them.
TERMS = {
    "MNIST": "CC BY-SA 3.0; Y. LeCun, C. Cortes, C. Burges",
    "iChallenge-PM": "for research and teaching, not to be passed on; Baidu and Zhongshan Ophthalmic Center (PALM)",
    "Dogs vs. Cats": "for research and teaching, not to be passed on; Asirra (Microsoft), Kaggle's competition rules",
    "GTSRB": "for research and teaching; J. Stallkamp and others, 2012",
    "Flickr8k": "for research and teaching, not to be passed on; M. Hodosh, P. Young, J. Hockenmaier, 2013",
    "SMS Spam Collection": "CC BY 4.0 (UCI); T. Almeida, J. Hidalgo, 2012",
    "Boston housing": "no licence stated, in the StatLib archive; D. Harrison, D. Rubinfeld, 1978",
    "iris": "public (OpenML, data set 61), as scikit-learn brings it; R. Fisher, 1936",
}
DRAWN = "made by this program; Apache-2.0, as the program"
UNKNOWN = "not known to this program: ask whoever gave you the data"


def licence_of(data: DataInfo) -> str:
    """The terms of a data set in a line; of one that is not known, that they are not."""
    return DRAWN if data.stand_in else TERMS.get(data.name, UNKNOWN)

"""The data sets that can be found: how each is recognised, and where else it may lie.

A new data set is one more row of :data:`DATASETS`; :mod:`paddle_camp.data.finding.sources` looks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paddle_camp.files import hash_of


@dataclass(frozen=True)
class Remote:
    """A file that can be downloaded: its name, SHA-256, size in bytes, and the mirrors to try in turn.

    Some publishers state the MD5 alone: then ``sha256`` is empty and the size is not known.
    """

    name: str
    sha256: str
    size: int | None
    urls: tuple[str, ...]
    md5: str = ""

    @property
    def known_hash(self) -> tuple[str, str]:
        """The name of the hash function, and what it gives for the right file."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)

    def is_at(self, path: Path) -> bool:
        """Whether the right file is there."""
        kind, digest = self.known_hash
        return path.is_file() and hash_of(path, kind) == digest


@dataclass(frozen=True)
class Dataset:
    """How a data set is recognised and where else it may lie.

    Attributes:
        name: what to call it.
        folders: its possible folders below a data directory, the likeliest first; "." is the directory itself.
        markers: names of which one at least is found in its folder; "*" and "[...]" stand for any and for some letters.
        places: fixed folders outside any data directory, as (folder, what to call it) pairs.
        how_to_get: one sentence for a user who has none.
        files: what can be downloaded without an account; none where an account is needed.
    """

    name: str
    folders: tuple[str, ...]
    markers: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    how_to_get: str
    files: tuple[Remote, ...] = ()


# Where AI Studio puts the data sets of a project, each under its number, and where its users put files.
STUDIO = (("/home/aistudio/data/data*", "AI Studio data set"),)
WORK = (("./work", "AI Studio work/"), ("/home/aistudio/work", "AI Studio work/"), *STUDIO)
MNIST_MIRRORS = (
    "https://dataset.bj.bcebos.com/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

CATS = ("[Cc][Aa][Tt]", "[Cc][Aa][Tt][Ss]", "猫")  # a class folder; the other is beside it

DATASETS = {
    "ichallenge-pm": Dataset(
        name="iChallenge-PM",
        folders=("ichallenge-pm", ".", "data19065", "palm", "PALM"),
        markers=(
            "PALM-Training400",
            "PALM-Validation400",
            "training.zip",
            "validation.zip",
            "PALM-Training400.zip",
            "PALM-Validation400.zip",
            "Training/Images",
            "Validation/Images",
            "PALM/Training",
            "training/PALM-Training400",
        ),
        places=(
            ("/home/aistudio/data/data19065", "AI Studio data set 19065"),
            ("/home/aistudio/work/palm", "AI Studio work/palm"),
            *STUDIO,  # the same set has been published under other numbers, such as 19469
        ),
        how_to_get=(
            "get iChallenge-PM from AI Studio data set 19065 (https://aistudio.baidu.com/datasetdetail/19065) or the "
            "whole PALM set of 1,200 pictures (2024) through doi:10.1038/s41597-024-02911-2, and put training.zip, "
            "validation.zip and valid_gt.zip, or the unpacked folders, into data/ichallenge-pm/"
        ),
    ),
    "dogs-vs-cats": Dataset(
        name="Dogs vs. Cats",
        folders=("dogs-vs-cats", "cats-and-dogs", ".", "dogs-vs-cats-redux-kernels-edition"),
        markers=(
            *CATS,
            "cat.[0-9]*",
            "dog.[0-9]*",
            *(
                f"{place}{name}"
                for place in ("[Tt]rain*/", "[Tt]rain*/[Tt]rain*/")
                for name in (*CATS, "[Cc][Aa][Tt]?[0-9]*", "[Dd][Oo][Gg]?[0-9]*")
            ),
            "train.zip",
            "dogscats",
            "cats_and_dogs_filtered",
            "PetImages",
            "dogs-vs-cats.zip",
            "dogscats.zip",
            "cats_and_dogs_filtered.zip",
            "kagglecatsanddogs_*.zip",
        ),
        places=(
            ("./work", "AI Studio work/"),
            ("/home/aistudio/work", "AI Studio work/"),
            *STUDIO,
            ("/kaggle/input", "Kaggle's input"),
            ("~/.keras/datasets", "Keras' cache"),
            ("~/.fastai/data", "fastai's cache"),
        ),
        how_to_get=(
            "get train.zip of Kaggle's competition Dogs vs. Cats (https://www.kaggle.com/c/dogs-vs-cats/data, with an "
            "account) and put it, or the unpacked train/, into data/dogs-vs-cats/; folders cats/ and dogs/ will do too"
        ),
    ),
    "driving-donkey": Dataset(
        name="a drive of a Donkey Car",
        folders=("driving-donkey", "donkey", "."),
        markers=("validation.csv", "images/[0-9]*_cam_image_array_.jpg"),
        places=(*WORK, ("/kaggle/input", "Kaggle's input")),
        how_to_get=(
            "record a drive with a Donkey Car (https://docs.donkeycar.com), write the columns image, steering and "
            "block into train.csv, validation.csv and test.csv, and put them, with images/, into data/driving-donkey/"
        ),
    ),
    "driving-udacity": Dataset(
        name="a drive in Udacity's simulator",
        folders=("driving", "udacity", "."),
        markers=("driving_log.csv",),
        places=(*WORK, ("/kaggle/input", "Kaggle's input")),
        how_to_get=(
            "record a drive in Udacity's simulator (https://github.com/udacity/self-driving-car-sim) and put "
            "driving_log.csv and IMG/ into data/driving/"
        ),
    ),
    "flickr8k": Dataset(
        name="Flickr8k",
        folders=("flickr8k", ".", "Flickr8k", "flickr_8k"),
        markers=("Flickr8k_text", "Flickr8k.token.txt", "Flicker8k_Dataset"),
        places=(*WORK, ("/kaggle/input", "Kaggle's input")),
        how_to_get=(
            "get Flickr8k (Hodosh, Young and Hockenmaier, 2013; by request from the University of Illinois, or a copy "
            "with the original lists) and put Flicker8k_Dataset/ and Flickr8k_text/, unpacked, into data/flickr8k/"
        ),
    ),
    "gtsrb": Dataset(
        name="GTSRB",
        folders=("gtsrb", ".", "GTSRB"),
        markers=(
            *("Final_Training", "Training/00000", "GTSRB/Final_Training", "GTSRB/Training", "train/[0-9][0-9].png"),
            *("GTSRB_Final_Training_Images.zip", "GTSRB-Training_fixed.zip"),
        ),
        places=(*WORK, ("/kaggle/input", "Kaggle's input")),
        how_to_get=(
            "get GTSRB_Final_Training_Images.zip, GTSRB_Final_Test_Images.zip and GTSRB_Final_Test_GT.zip from "
            "https://benchmark.ini.rub.de (German traffic signs) and put them, unpacked or not, into data/gtsrb/"
        ),
    ),
    "housing": Dataset(
        name="housing.data",
        folders=("housing", "."),
        markers=("housing.data",),
        places=(*WORK, ("~/.cache/paddle/dataset/uci_housing", "Paddle's cache")),
        how_to_get="get housing.data (49,082 bytes, UCI's Boston house prices) and put it into data/housing/",
        files=(
            Remote(
                "housing.data",
                "baadf72995725d76efe787b664e1f083388c79ba21ef9a7990d87f774184735a",
                49_082,
                (
                    "http://paddlemodels.bj.bcebos.com/uci_housing/housing.data",
                    "https://archive.ics.uci.edu/ml/machine-learning-databases/housing/housing.data",
                ),
            ),
        ),
    ),
    "mnist": Dataset(
        name="MNIST",
        folders=("mnist", ".", "MNIST/raw"),
        markers=(
            "train-images-idx3-ubyte.gz",
            "train-images-idx3-ubyte",
            "train-images.idx3-ubyte",
            "mnist.json.gz",
            "mnist.json",
            *("mnist.npz", "mnist_train.csv", "mnist/train.csv", "digit-recognizer/train.csv", "mnist.pkl.gz"),
        ),
        places=(*WORK, ("~/.cache/paddle/dataset/mnist", "Paddle's cache")),
        how_to_get=(
            "get the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
            "t10k-labels-idx1-ubyte.gz (11.6 MB), or the course's mnist.json.gz, and put them into data/mnist/"
        ),
        files=tuple(
            Remote(f"{name}-ubyte.gz", sha256, size, tuple(f"{mirror}{name}-ubyte.gz" for mirror in MNIST_MIRRORS))
            for name, size, sha256 in (
                ("train-images-idx3", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                ("train-labels-idx1", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                ("t10k-images-idx3", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                ("t10k-labels-idx1", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            )
        ),
    ),
    "spam": Dataset(
        name="SMS Spam Collection",
        folders=("spam", "."),
        markers=("spam.csv", "SMSSpamCollection", "SMSSpamCollection.txt"),
        places=WORK,
        how_to_get=(
            "get the SMS Spam Collection from UCI (https://archive.ics.uci.edu/dataset/228/sms+spam+collection) or "
            "Kaggle, and put SMSSpamCollection or spam.csv into data/spam/"
        ),
    ),
}

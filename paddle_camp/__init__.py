"""paddle_camp: the homework of Baidu's deep-learning training camp on today's dygraph Paddle.

Importing the package sets the CPU up for a Paddle that is loaded later (:mod:`paddle_camp.machine`); so import it
first::

    import paddle_camp
    import paddle

    model = paddle_camp.create_model("resnet50", num_classes=2)
"""

from importlib import import_module as _import_module

from paddle_camp import machine as _machine

__version__ = "0.2.0"

TUNED = _machine.prepare()

# Name -> the module that has it; loaded at first use: Paddle, matplotlib and scikit-learn take longer to import than a
# student waits for --help.
_HOMES = {
    # data
    "ArrayBatches": "data.batches",
    "as_batches": "data.batches",
    "Batches": "data.batches",
    "ImageSet": "data.image_set",
    "draw": "data.image_set",
    "load_captions": "data.captions.loading",
    "load_cats_and_dogs": "data.cats_and_dogs.loading",
    "load_driving": "data.drives.loading",
    "load_folder": "data.folder",
    "load_fundus": "data.fundus.loading",
    "load_housing": "data.housing",
    "load_iris": "data.iris",
    "load_mnist": "data.mnist",
    "load_spam": "data.spam",
    "load_traffic_signs": "data.traffic_signs.loading",
    "split_off": "data.image_set",
    "three_parts": "data.parts",
    # networks
    "check_input": "models.registry",
    "count_parameters": "networks.summary",
    "create_for": "models.registry",
    "create_model": "models",
    "FeatureExtractor": "pretrained.features",
    "find_weights": "pretrained.finding",
    "freeze": "networks.freezing",
    "layer_rows": "networks.summary",
    "list_models": "models",
    "load_weights": "networks.weights",
    "model_arguments": "models.registry",
    "output_size": "networks.summary",
    "perceptron": "networks.perceptron",
    "PretrainedWeights": "pretrained.loading",
    "paddle_operators": "speed.onednn.function",
    "ModelName": "models.registry",
    "register_model": "models",
    "unfreeze": "networks.freezing",
    # training
    "Adversarial": "training.adversarial",
    "Captioning": "training.captioning",
    "CheckpointPolicy": "training.policy",
    "Keep": "training.fit",
    "Regression": "training.tasks",
    "Supervised": "training.tasks",
    "Task": "training.tasks",
    "classification_loss": "training.losses",
    "evaluate": "training.measuring",
    "explain": "predicting.explaining",
    "find_learning_rate": "training.lr_finder",
    "fit": "training.fit",
    "fit_task": "training.fit",
    "fork": "training.fit",
    "regression_loss": "training.losses",
    "train_one_epoch": "training.loop",
    # an assignment's page
    "Answer": "answers.answer",
    "CatsAndDogsSettings": "running.fit_settings",
    "code_of": "answers.listing",
    "Context": "running.context",
    "Count": "running.ranges",
    "DigitSettings": "running.fit_settings",
    "Distinct": "running.ranges",
    "File": "running.ranges",
    "FitSettings": "running.fit_settings",
    "Fraction": "running.ranges",
    "Hint": "running.ranges",
    "FundusSettings": "running.fit_settings",
    "HyperParameters": "running.ranges",
    "NonNegative": "running.ranges",
    "OneOf": "running.ranges",
    "Predictions": "answers.answer",
    "PretrainedSettings": "pretrained.settings",
    "PretrainedWeightsSettings": "pretrained.settings",
    "Rate": "running.ranges",
    "SavedModel": "predicting.saved_model",
    "Several": "running.ranges",
    "Share": "running.ranges",
    "diverged": "sweeps.grid",
    "finished": "sweeps.grid",
    "markdown_table": "answers.page",
    # for all of them
    "DIGITS": "preprocessing",
    "DivergedError": "errors",
    "History": "history",
    "SettingError": "errors",
    "require": "errors",
}
_MODULES = {name.rpartition(".")[2]: name for name in ("comparisons", "metrics", "plots", "training.schedules")}
__all__ = ["TUNED", "__version__", *_HOMES, *_MODULES]


def __getattr__(name: str):
    if name in _MODULES:
        return _import_module(f"paddle_camp.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module 'paddle_camp' has no attribute {name!r}")
    return getattr(_import_module(f"paddle_camp.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})

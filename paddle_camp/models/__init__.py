"""The model zoo: dygraph networks behind one registry."""

from paddle_camp.models import (  # noqa: F401  (each module registers its networks)
    alexnet,
    densenet,
    digits,
    efficientnet,
    googlenet,
    lenet,
    mlp,
    mobilenet,
    pilot,
    resnet,
    signs,
    small,
    vgg,
)
from paddle_camp.models.own import import_named_in_environment, import_networks
from paddle_camp.models.registry import (
    check_input,
    check_model_name,
    create_for,
    create_model,
    input_shape,
    kind_of,
    list_models,
    model_arguments,
    register_model,
    summary,
)

__all__ = [
    "check_input",
    "check_model_name",
    "create_for",
    "create_model",
    "import_networks",
    "input_shape",
    "kind_of",
    "list_models",
    "model_arguments",
    "register_model",
    "summary",
]

import_named_in_environment()  # last: these files import from here

"""The model zoo: dygraph networks behind one registry."""

from paddle_camp.models import (  # noqa: F401  (each module registers its networks)
    alexnet,
    densenet,
    digits,
    googlenet,
    lenet,
    mlp,
    mobilenet,
    resnet,
    vgg,
)
from paddle_camp.models.registry import check_model_name, create_model, list_models, register_model, summary

__all__ = ["check_model_name", "create_model", "list_models", "register_model", "summary"]

"""The model zoo: dygraph networks behind one register."""

from paddle_camp.models import alexnet, densenet, googlenet, lenet, mobilenet, resnet, vgg  # noqa: F401  (they register)
from paddle_camp.models.registry import check_model_name, create_model, list_models, register_model, summary

__all__ = ["check_model_name", "create_model", "list_models", "register_model", "summary"]

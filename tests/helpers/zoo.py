"""What the networks of the zoo take: digits or pictures, of which size, and what they give."""

from __future__ import annotations

from paddle_camp import create_model

DIGITS = {"lenet", "mlp_linear", "mlp_relu", "mlp_bn", "two_conv_net", "deep_conv_net", "digit_net"}
SIZES = {**dict.fromkeys(DIGITS, 28), "lenet_fundus": 64, "alexnet": 224, "googlenet": 224}  # the others take 64 x 64


def build(name, **arguments):
    if name == "lenet_fundus":
        arguments = {"image_size": SIZES[name]} | arguments
    return create_model(name, **arguments)


def main_output(output):
    return output[0] if isinstance(output, tuple | list) else output

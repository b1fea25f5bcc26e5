"""The first half of homework 2-1: scalar backpropagation, the graph of the purchase, and its figure.

Reverse mode in its smallest form. Each operation notes its inputs and the derivative with respect to each of them;
`backward` walks from the result to the inputs and multiplies (the chain rule), adding up where paths meet.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from paddle_camp.plots import words
from paddle_camp.plots.graph import computation_graph


class Number:
    """A scalar node of the computation graph: ``parents`` holds pairs (parent, d self / d parent)."""

    def __init__(self, value: float, parents: tuple = (), sign: str = ""):
        self.value, self.parents, self.sign, self.gradient = value, parents, sign, 0.0

    def __add__(self, other: Number) -> Number:
        return Number(self.value + other.value, ((self, 1.0), (other, 1.0)), "+")

    def __mul__(self, other: Number) -> Number:
        return Number(self.value * other.value, ((self, other.value), (other, self.value)), "×")

    def ancestors(self) -> list[Number]:
        """The nodes that this one depends on, and itself, in topological order (parents first)."""
        order: list[Number] = []

        def visit(node: Number) -> None:
            if node not in order:
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        return order

    def backward(self) -> None:
        """Backpropagation: set ``gradient`` to d self / d node on every node that this one depends on."""
        for node in self.ancestors():
            node.gradient = 0.0
        self.gradient = 1.0
        for node in reversed(self.ancestors()):  # all that a node contributes to come before it
            for parent, slope in node.parents:
                parent.gradient += node.gradient * slope


def buy(inputs: dict[str, float]) -> dict[str, Number]:
    """The graph of the purchase: every node by name, the last one is the total."""
    graph = {name: Number(value) for name, value in inputs.items()}
    graph["for apples"] = graph["apple price"] * graph["apples"]
    graph["for oranges"] = graph["orange price"] * graph["oranges"]
    graph["before discount"] = graph["for apples"] + graph["for oranges"]
    graph["total"] = graph["before discount"] * graph["discount"]
    return graph


def draw_graph(graph: dict[str, Number]) -> Figure:
    """The figure that the question asks for."""
    names = {node: name for name, node in graph.items()}
    edges = [
        (names[parent], name, parent.value, node.gradient * slope)
        for name, node in graph.items()
        for parent, slope in node.parents
    ]
    edges.append(("total", "paid", graph["total"].value, graph["total"].gradient))
    edges = [(called(start), called(end), *numbers) for start, end, *numbers in edges]
    places = {"apples": (0, 0), "apple price": (0, 1), "orange price": (0, 2), "oranges": (0, 3), "discount": (0, 4)}
    places |= {"for apples": (1, 0.5), "for oranges": (1, 2.5), "before discount": (2, 1.5), "total": (3, 2.75)}
    places = {called(name): place for name, place in (places | {"paid": (3.9, 2.75)}).items()}
    signs = {called(name): node.sign for name, node in graph.items() if node.sign}
    title = words("Buying apples and oranges: values forward, gradients backward", "购买苹果和橘子：数值向前，梯度向后")
    return computation_graph(places, signs, edges, title=title)


def called(name: str) -> str:
    """What a node is called in the figure; those of the operations are drawn with their signs only."""
    names = {"apples": "苹果个数", "apple price": "苹果单价", "oranges": "橘子个数", "orange price": "橘子单价"}
    return words(name, (names | {"discount": "折扣", "paid": "总价"}).get(name, name))


def propagate(inputs: dict[str, float]) -> tuple[dict, Figure]:
    """Both passes over the graph: JSON values (each input with its gradient and a central difference), the figure."""
    graph = buy(inputs)
    graph["total"].backward()
    rows = {}
    for name, value in inputs.items():
        up, down = (buy(inputs | {name: value + step})["total"].value for step in (1e-3, -1e-3))
        rows[name] = {"value": value, "gradient": graph[name].gradient, "difference": (up - down) / 2e-3}
    inner = {name: {"value": node.value, "gradient": node.gradient} for name, node in graph.items() if node.sign}
    return {"inputs": rows, "inner": inner}, draw_graph(graph)

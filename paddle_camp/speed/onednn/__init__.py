"""oneDNN inside dygraph: the CPU's convolutions, norms and pools by the library that Paddle's wheels bring along.

From the bottom up: :mod:`library` finds and calls it, :mod:`primitive` and :mod:`primitives` prepare what it computes
for a shape, :mod:`layout` is how tensors lie between the layers and :mod:`precision` in which format, :mod:`kernels`
and :mod:`elementwise` compute, :mod:`function` makes it differentiable. The layers that use it are in
:mod:`paddle_camp.models.layers`.
"""

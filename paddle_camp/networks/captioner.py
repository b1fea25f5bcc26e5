"""The network of captions: an LSTM reads the words so far, a picture's features are merged with what it has read.

"Where to put the image in an image caption generator" (Tanti, Gatt and Camilleri, arXiv:1703.09137): an LSTM that knows
words alone, beside the picture, predicts each next word as well as one that reads the picture too, and is smaller. With
a feature map, attention as in "Knowing when to look" (Lu et al., CVPR 2017, arXiv:1612.01887, its spatial form): what
has been read asks where to look, and what is seen there is merged too.
"""

from __future__ import annotations

from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import nn

State = dict[str, paddle.Tensor]


class Captioner(nn.Layer):
    """Logits of each next word of a caption.

    Args:
        num_words: of the vocabulary, V.
        pooled: numbers of a picture's features.
        grid: channels of its feature map; 0: no attention.
        width: numbers of an embedded word, of the LSTM's state and of an embedded picture.
        dropout: of embedded words and pictures, and of what is read and merged.
        picture_dropout: of the features themselves.
    """

    def __init__(
        self,
        num_words: int,
        pooled: int,
        grid: int = 0,
        width: int = 256,
        dropout: float = 0.5,
        picture_dropout: float = 0.2,
    ):
        super().__init__()
        self.width = width
        small = paddle.ParamAttr(initializer=nn.initializer.Normal(0.0, 0.05))
        self.words = nn.Embedding(num_words, width, weight_attr=small)  # of the words read and of those predicted
        self.picture = nn.Linear(pooled, width)
        self.lstm = nn.LSTM(width, width)
        self.places = nn.Linear(grid, width) if grid else None
        self.query = nn.Linear(2 * width, width) if grid else None
        self.merge = nn.Linear(width * (3 if grid else 2), width)
        self.bias = self.create_parameter([num_words], is_bias=True)
        self.dropout, self.picture_dropout = nn.Dropout(dropout), nn.Dropout(picture_dropout)

    def forward(self, pooled: paddle.Tensor, words: paddle.Tensor, grid: paddle.Tensor | None = None) -> paddle.Tensor:
        """Logits ``[B, T, V]`` of the word behind each of ``words``.

        Args:
            pooled: float32 ``[B, pooled]``.
            words: int64 ``[B, T]``, from the start on.
            grid: float32 ``[B, P, grid]``: what the feature map has at P places.
        """
        return self._read(self.start(pooled, grid), words)[0]

    def start(self, pooled: paddle.Tensor, grid: paddle.Tensor | None = None) -> State:
        """What is known before the first word, a row a picture."""
        picture = self.dropout(paddle.tanh(self.picture(self.picture_dropout(pooled))))
        nothing = paddle.zeros([picture.shape[0], self.width])
        state = {"picture": picture, "hidden": nothing, "cell": nothing}
        if self.places is None:
            return state
        return state | {"places": self.dropout(F.relu(self.places(self.picture_dropout(grid))))}

    def step(self, state: State, words: paddle.Tensor) -> tuple[paddle.Tensor, State]:
        """Logits ``[B, V]`` of the next word, and the state, behind one more word each, int64 ``[B]``."""
        logits, state, _ = self._read(state, words.unsqueeze(1))
        return logits[:, 0], state

    def attention(self, pooled: paddle.Tensor, words: paddle.Tensor, grid: paddle.Tensor) -> paddle.Tensor:
        """Where it looks for the word behind each of ``words``: shares of the places, ``[B, T, P]``."""
        return self._read(self.start(pooled, grid), words)[2]

    def _read(self, state: State, words: paddle.Tensor) -> tuple[paddle.Tensor, State, Any]:
        before = state["hidden"].unsqueeze(0), state["cell"].unsqueeze(0)
        read, (hidden, cell) = self.lstm(self.dropout(self.words(words)), before)
        picture = state["picture"].unsqueeze(1).expand([-1, words.shape[1], -1])
        seen = paddle.concat([self.dropout(read), picture], axis=-1)
        looked = seen[:, :, :0]  # without attention it looks at no place
        if "places" in state:
            likeness = paddle.matmul(self.query(seen), state["places"], transpose_y=True)
            looked = F.softmax(likeness / self.width**0.5, axis=-1)
            seen = paddle.concat([seen, paddle.matmul(looked, state["places"])], axis=-1)
        said = self.dropout(paddle.tanh(self.merge(seen)))
        logits = paddle.matmul(said, self.words.weight, transpose_y=True) + self.bias
        return logits, state | {"hidden": hidden[0], "cell": cell[0]}, looked

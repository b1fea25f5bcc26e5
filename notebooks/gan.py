# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # GAN：两个网络的游戏
#
# 生成器从噪声画数字，判别器分辨真假。两个网络轮流走一步，训练循环还是那一个 `fit_task`。
#
# 在 AI Studio 上先运行下面一格：它安装项目（解压在 `work/paddle_camp`），并让结果写在 `work/` 里，下次启动还在。
# 在自己的电脑上装好项目以后（见 README），这一格什么也不做。

# %%
import importlib.util
import os
import subprocess
import sys

if os.path.isdir("/home/aistudio/work"):
    os.chdir("/home/aistudio/work")
    if importlib.util.find_spec("paddle_camp") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", "paddle_camp[cpu]"], check=True)
        sys.path.insert(0, "paddle_camp")

# %% tags=["parameters"]
quick = False  # True：图片少、轮数少，一两分钟看完整个流程；数字不算结果

# %%
import paddle_camp as camp  # 要在 paddle 之前：它先设置好 CPU

import numpy as np
import paddle

# %% [markdown]
# ## 数据

# %%
data = camp.load_mnist()
digits = camp.draw(data.train, min(1000 if quick else 10_000, len(data.train)), seed=0)
digits

# %% [markdown]
# ## 两个网络
#
# 图片是 −1（黑）到 1。判别器给每张图片一个数，越大越像真的。

# %%
from paddle import nn

NOISE = 64


class Generator(nn.Layer):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Linear(NOISE, 256), nn.LeakyReLU(0.2), nn.Linear(256, 512), nn.LeakyReLU(0.2)),
            *(nn.Linear(512, 784), nn.Tanh()),
        )

    def forward(self, noise):
        return self.layers(noise).reshape([-1, 1, 28, 28])


class Discriminator(nn.Layer):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Flatten(), nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2)),
            nn.Linear(256, 1),
        )

    def forward(self, images):
        return self.layers(images)


# %% [markdown]
# ## 游戏
#
# 非饱和的损失：生成器最大化 log D(G(z))。极小极大的损失在开始时几乎没有梯度（作业 `gan` 量出来了）。

# %%
from dataclasses import replace

from paddle_camp.preprocessing import scale_to_unit

paddle.seed(0)
generator, discriminator = Generator(), Discriminator()
optimizers = [
    paddle.optimizer.Adam(0.0005, beta1=0.5, parameters=network.parameters()) for network in (generator, discriminator)
]
game = camp.Adversarial(generator, discriminator, *optimizers, noise=NOISE, game="non-saturating")
real = replace(digits, kind=replace(digits.kind, scale=scale_to_unit))
history = camp.fit_task(game, real, num_epochs=5 if quick else 30, batch_size=64, seed=0)
history

# %% [markdown]
# ## 画出来的数字

# %%
generator.eval()
with paddle.no_grad():
    drawn = generator(paddle.to_tensor(np.random.default_rng(0).standard_normal((20, NOISE)).astype("float32"))).numpy()
pictures = np.clip((drawn + 1) * 127.5, 0, 255).astype(np.uint8)
camp.plots.picture_grid(pictures, [""] * 20, [False] * 20, columns=10)

# %% [markdown]
# ## 作业 `gan`
#
# 四种损失、两种网络，由一个数字网络来评判；完整设置在 2 核 CPU 上约半小时。

# %%
import homework

answer, folder = homework.run("gan", quick=quick)
answer

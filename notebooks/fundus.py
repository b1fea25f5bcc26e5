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
# # 眼底图片：ResNet 和学习率除以十
#
# iChallenge-PM：病理性近视还是不是。训练一个 ResNet-18，到某一步把学习率除以十，再看网络依据图片的哪里。
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

import paddle

# %% [markdown]
# ## 数据
#
# 在 AI Studio 上把数据集 19065 加到项目里，不用解压。没有数据时用程序画的眼底图片，并且会明说。

# %%
counts = (80, 40) if quick else (None, None)
data = camp.load_fundus(image_size=64 if quick else 224, counts=counts)
data

# %%
train, held_out = camp.split_off(data.train, 0.1, seed=0)
len(train), len(held_out), len(data.valid)

# %% [markdown]
# ## PiecewiseDecay
#
# `schedules.piecewise` 就是 `paddle.optimizer.lr.PiecewiseDecay`：前一半步用 0.001，之后除以十。

# %%
paddle.seed(0)
num_epochs = 4 if quick else 8
batches = camp.Batches(train, 10, seed=0)
half = num_epochs * len(batches) // 2
schedule = camp.schedules.piecewise(0.001, [half])
model = camp.create_for("resnet18", train)
optimizer = paddle.optimizer.Momentum(schedule, momentum=0.9, parameters=model.parameters())
history = camp.fit(model, optimizer, batches, num_epochs=num_epochs, evaluations={"held out": held_out}, seed=0)
history

# %%
camp.plots.loss_curves({"resnet18": history.steps}, window=10, marks={"rate / 10": half})

# %% [markdown]
# ## 验证图片，只看一次

# %%
found = camp.evaluate(model, data.valid)
low, high = camp.comparisons.share_interval(int(round(found.accuracy * len(data.valid))), len(data.valid))
print(f"验证准确率 {found.accuracy:.4f}（95% 区间 {low:.4f} 到 {high:.4f}），AUC {found.auc:.4f}")

# %% [markdown]
# ## 网络看的是哪里

# %%
camp.explain(model, camp.draw(data.valid, 8, seed=0))

# %% [markdown]
# ## 交作业
#
# 作业 9-1：在哪一步除以十？三个种子，和不衰减的训练相比。完整设置在 2 核 CPU 上要一个多小时，随时可以停，
# 用 `resume=True` 接着跑。

# %%
import homework

answer, folder = homework.run("9-1", quick=quick)
answer

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
# # 手写数字：LeNet、错在哪里、看自己写的数字
#
# 用 MNIST 训练 LeNet，看混淆矩阵和最有把握的错误，再看网络依据图片的哪里。
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
# 找不到 MNIST 也下载不到时，用 scikit-learn 自带的 8×8 数字放大来代替，并且会明说。

# %%
data = camp.load_mnist()
data

# %% [markdown]
# 从训练数字里留出一成：选设置只看它，测试集只用来报告。

# %%
train, held_out = camp.split_off(data.train, 0.1, seed=0)
if quick:
    train = camp.draw(train, min(1000, len(train)), seed=0)
len(train), len(held_out), len(data.test)

# %% [markdown]
# ## 网络和训练

# %%
paddle.seed(0)
model = camp.create_model("lenet", activation="relu")
print(f"{camp.count_parameters(model):,} 个参数")
optimizer = paddle.optimizer.Adam(0.001, parameters=model.parameters())
history = camp.fit(
    model, optimizer, train, num_epochs=2 if quick else 5, batch_size=64, evaluations={"held out": held_out}, seed=0
)
history

# %% [markdown]
# ## 测试集，只看一次

# %%
tested = camp.evaluate(model, data.test)
right = int(round(tested.accuracy * len(data.test)))
low, high = camp.comparisons.share_interval(right, len(data.test))
print(f"测试准确率 {tested.accuracy:.4f}，95% 区间 {low:.4f} 到 {high:.4f}（{len(data.test)} 个数字）")

# %% [markdown]
# ## 错在哪里
#
# 混淆矩阵：一行是一个真实的数字。下面是最有把握的几个错误。

# %%
matrix = camp.metrics.confusion(tested.outputs, data.test.labels)
camp.plots.confusion_figure(matrix, [str(k) for k in range(10)], title="digits")

# %%
shares = camp.metrics.probabilities(tested.outputs)
worst = camp.metrics.top_losses(shares, data.test.labels, 10)
captions = [f"{data.test.labels[i]} -> {shares[i].argmax()} {shares[i].max():.2f}" for i in worst]
if len(worst):
    camp.plots.picture_grid(data.test.images[worst], captions, [True] * len(worst), columns=5)

# %% [markdown]
# ## 网络看的是哪里：Grad-CAM

# %%
camp.explain(model, camp.draw(data.test, 10, seed=1))

# %% [markdown]
# ## 自己写的数字
#
# 先跑作业 5-1（它保存网络），再把照片交给它。照片放在 `my_digits/` 里时：
#
# ```
# !python tools/predict.py runs/5-1/latest my_digits --explain looked
# ```

# %%
import homework

answer, folder = homework.run("5-1", quick=quick)
answer

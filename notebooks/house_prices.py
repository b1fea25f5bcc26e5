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
# # 波士顿房价：从最小二乘到两层网络
#
# 506 行数据，13 个特征，预测房价（千美元）。先求线性模型的最优解，再用 Paddle 训练，最后加一个隐藏层。
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

import matplotlib.pyplot as plt
import numpy as np
import paddle

# %% [markdown]
# ## 数据
#
# 没有 `housing.data` 也下载不到时，用程序生成的替代数据，并且会明说。特征按训练行归一化：(x − 平均) / (最大 − 最小)。

# %%
data = camp.load_housing()
data

# %% [markdown]
# ## 线性模型的最优解：最小二乘
#
# 梯度下降再好也只能接近它，所以先求出来作标尺。


# %%
def in_dollars(prices):
    return data.to_dollars(np.asarray(prices).reshape(-1))


def error(predicted, part):
    """均方根误差，千美元。"""
    return float(np.sqrt(np.mean((in_dollars(predicted) - in_dollars(part.prices)) ** 2)))


with_one = np.column_stack([data.train.inputs, np.ones(len(data.train))])
weights, *_ = np.linalg.lstsq(with_one, np.asarray(data.train.prices).reshape(-1), rcond=None)
test_with_one = np.column_stack([data.test.inputs, np.ones(len(data.test))])
best_linear = error(test_with_one @ weights, data.test)
print(f"最小二乘：测试误差 {best_linear:.2f} 千美元")

# %% [markdown]
# ## 用 Paddle 训练同一个线性模型
#
# `fit` 就是训练循环；`camp.regression_loss` 是均方误差。

# %%
num_epochs = 20 if quick else 200


def train(model, learning_rate):
    optimizer = paddle.optimizer.Adam(learning_rate, parameters=model.parameters())
    rows = data.train.inputs.astype("float32"), np.asarray(data.train.prices, "float32").reshape(-1, 1)
    return camp.fit(model, optimizer, rows, num_epochs=num_epochs, batch_size=20, loss_fn=camp.regression_loss)


def predict(model, part):
    model.eval()
    with paddle.no_grad():
        return model(paddle.to_tensor(part.inputs.astype("float32"))).numpy()


paddle.seed(0)
linear = paddle.nn.Linear(13, 1)
history = train(linear, 0.01)
print(f"训练出的线性模型：{error(predict(linear, data.test), data.test):.2f} 千美元，最小二乘 {best_linear:.2f}")
history

# %% [markdown]
# ## 加一个隐藏层

# %%
paddle.seed(0)
network = paddle.nn.Sequential(paddle.nn.Linear(13, 32), paddle.nn.Tanh(), paddle.nn.Linear(32, 1))
train(network, 0.01)
network_error = error(predict(network, data.test), data.test)
print(
    f"两层网络：{network_error:.2f} 千美元，" + ("比最小二乘好" if network_error < best_linear else "没有比最小二乘好")
)

# %%
true, seen = in_dollars(data.test.prices), in_dollars(predict(network, data.test))
plt.plot([true.min(), true.max()], [true.min(), true.max()], color="grey", linewidth=1)
plt.scatter(true, seen, s=12)
plt.xlabel("price, thousand dollars")
plt.ylabel("predicted")
plt.show()

# %% [markdown]
# ## 交作业
#
# 完整的作业（几个种子、选网络、图和可以发到论坛的答案）只要一行。最后一行的 `answer` 显示出来，文件在 `folder` 里。

# %%
import homework

answer, folder = homework.run("4-1", quick=quick)
answer

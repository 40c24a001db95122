#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/metrics.json, for test_metrics.cpp: metrics of small inputs by scikit-learn, SciPy,
scikit-image and NumPy.

    python3 tests/reference/metrics_reference.py

(Debian: python3-sklearn, python3-scipy and python3-skimage; the file in use was made with
scikit-learn 1.2.1, SciPy 1.10.1 and scikit-image 0.19.3.)

An entry has inputs as [shape, numbers] (whole numbers are i64) and the expected result of each
metric.
"""
import json
import pathlib

import numpy as np
from scipy.linalg import sqrtm, subspace_angles
from scipy.stats import entropy
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.linear_model import RidgeClassifier
from sklearn.manifold import trustworthiness
from sklearn.metrics import (average_precision_score, jaccard_score, mutual_info_score, normalized_mutual_info_score,
                             roc_auc_score)
from sklearn.neighbors import KNeighborsClassifier

rng = np.random.default_rng(0)
entries = []


def array(x):
    x = np.asarray(x)
    return [list(x.shape), x.ravel().tolist()]


def of(*inputs, **results):
    """of(a, b, auroc=0.5): the metric auroc of a and b is 0.5. An option follows __: knn_probe__5=0.9."""
    said = [[*name.split("__"), array(np.asarray(result, dtype=float))] for name, result in results.items()]
    entries.append({"inputs": [array(x) for x in inputs], "results": said})


def normal(*shape, digits=2):
    """Few digits, so that the file is small and both sides read the same numbers."""
    return rng.normal(size=shape).round(digits)


# Scores with many ties, and without.
for digits, positives, negatives in ((0, 9, 14), (1, 12, 20), (3, 7, 30), (2, 1, 5), (2, 5, 1)):
    positive, negative = (normal(positives, digits=digits) + 1).round(digits), normal(negatives, digits=digits)
    truth = np.repeat([1, 0], [positives, negatives])
    scores = np.concatenate([positive, negative])
    of(positive, negative, auroc=roc_auc_score(truth, scores), average_precision=average_precision_score(truth, scores))

a = rng.integers(0, 4, 40)
for b in (np.where(rng.random(40) < 0.6, a, rng.integers(0, 6, 40)), 7 - 3 * a, rng.integers(-2, 2, 40),
          np.zeros(40, dtype=int), np.arange(40)):
    of(a, b, normalized_mutual_information=normalized_mutual_info_score(a, b))
of([3, 3], [5, 5], normalized_mutual_information=normalized_mutual_info_score([3, 3], [5, 5]))

rows = normal(41, 4)
codes = (rows[:, :2] + 0.5 * normal(41, 2) + np.arange(41)[:, None] * 1e-4).round(4)  # no two distances are the same
for a, b in ((rows, codes), (codes, rows)):
    of(a, b, **{f"trustworthiness__{k}": trustworthiness(a, b, n_neighbors=k) for k in (1, 5, 20)})

# Three classes that overlap; two, for which scikit-learn has one function instead of two.
for classes in (3, 2):
    labels = np.arange(60) % classes
    codes = (rng.normal(size=(60, 3)) + 0.8 * np.eye(3)[labels] + 5).round(2)
    train, test = (codes[:36], labels[:36]), (codes[36:], labels[36:])
    of(*train, *test,
       **{f"ridge_probe__{alpha}": RidgeClassifier(alpha=alpha).fit(*train).score(*test) for alpha in (0.01, 1, 30)},
       **{f"knn_probe__{k}": KNeighborsClassifier(k, algorithm="brute").fit(*train).score(*test) for k in (1, 4, 5)})

# PCA by singular values of the centred rows: variances, loss, and projection onto the space.
rows = (rng.normal(size=(30, 6)) @ rng.normal(size=(6, 6)) + 3).round(2)
centred = rows - rows.mean(0)
_, values, directions = np.linalg.svd(centred, full_matrices=False)
of(rows, **{f"pca_variances__{k}": values[:k] ** 2 / len(rows) for k in (1, 3, 6)},
   **{f"pca_error__{k}": (values[k:] ** 2).sum() / rows.size for k in (1, 3, 6)},
   **{f"pca_projection__{k}": directions[:k].T @ directions[:k] for k in (1, 3, 6)})
symmetric = normal(7, 7)
symmetric = (symmetric + symmetric.T).round(2)
of(symmetric, eigenvalues=np.linalg.eigvalsh(symmetric)[::-1])
a, b = normal(8, 3), normal(8, 3)
of(a, b, principal_cosines=np.sort(np.cos(subspace_angles(a, b)))[::-1])


def frechet(a, b):
    c_a, c_b = (np.cov(x, rowvar=False, bias=True) for x in (a, b))
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c_a + c_b - 2 * sqrtm(c_a @ c_b).real)


a, b = normal(25, 4), (rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + 1).round(2)
of(a, b, frechet_distance=frechet(a, b))

# Images with different sides, one with room for a single window, some with another range than 1.
for shape, top in (((2, 14, 16), 1), ((1, 11, 11), 1), ((2, 13, 12), 255)):
    digits = 2 if top == 1 else 0
    a = (rng.random(shape) * top).round(digits)
    b = (a + 0.2 * top * rng.normal(size=shape)).clip(0, top).round(digits)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}  # 11 pixels wide
    of(a, b, **{f"psnr__{top}": [peak_signal_noise_ratio(x, y, data_range=top) for x, y in zip(a, b)],
                f"structural_similarity__{top}": [structural_similarity(x, y, data_range=top, **window)
                                                  for x, y in zip(a, b)]})


# The mutual information gap of columns that are cut into equal pieces.
def pieces(x, bins):
    low, high = x.min(), x.max()
    return np.minimum(np.floor((x - low) / (high - low) * bins), bins - 1).astype(int)


codes = normal(50, 3)
factors = np.stack([(codes[:, 0] + 0.3 * normal(50)).round(2), np.arange(50) % 3 * 1.0], axis=1)
for bins in (4, 20):
    z, v = ([pieces(column, bins) for column in x.T] for x in (codes, factors))
    known = np.array([[mutual_info_score(i, j) / entropy(np.bincount(j)) for j in v] for i in z])
    best = np.sort(known, axis=0)
    of(codes, factors, **{f"information__{bins}": known, f"mig__{bins}": (best[-1] - best[-2]).mean()})

truth, said = rng.integers(0, 3, (2, 5, 6)), rng.integers(0, 3, (2, 5, 6))
of(said, truth, intersection_over_union__3=jaccard_score(truth.ravel(), said.ravel(), average=None))

path = pathlib.Path(__file__).parent / "data" / "metrics.json"
path.write_text("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in entries) + "\n]\n")

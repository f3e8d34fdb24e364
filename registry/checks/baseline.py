"""A small model as a measuring device: what it says of rows that it was not fitted on.

Text is read as hashed n-grams of one to four characters within words (so that Korean needs no
tokenizer) by a logistic regression; numbers, and the grey pixels of small pictures, by extremely
randomised trees (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1). Everything is seeded and
runs on one thread, since sums of several threads differ in their last bits. This module is
the one door to scikit-learn and cleanlab, of the extra `quality`.

>>> fold_of("같은 글", 0) == fold_of("같은 글", 0), {fold_of(str(n), 1) for n in range(99)} == {0, 1, 2}
(True, True)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from registry.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int64]
    Floats: TypeAlias = NDArray[np.float64]

FOLDS = 3
WIDTH = 2**16  # of hashed features
TREES = 100
Kind = Literal["text", "numbers"]


def fold_of(unit: str, seed: int) -> int:
    """The fold that a row is held out in, by what must not be torn apart: its group, or its input."""
    return zlib.crc32(f"{seed}:{unit}".encode("utf-8", "surrogatepass")) % FOLDS


@contextmanager
def quiet() -> Iterator[None]:
    """One thread for all sums, and no warnings of fits that end early; a missing extra raises `MissingExtraError`."""
    import warnings

    try:
        from sklearn.exceptions import ConvergenceWarning
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingExtraError(
            "checks by a model need an extra", why=str(error), hint="pip install 'dataset-release-registry[quality]'"
        ) from error
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def matrix(kind: Kind, values: Sequence[Any]) -> Any:
    """The inputs as a model reads them: of texts a sparse matrix, of rows of numbers (None, NaN for none) a dense one.

    Of a column with gaps the median stands in, and a column more says where.
    """
    import numpy as np

    if kind == "text":
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(1, 4), n_features=WIDTH, alternate_sign=False)
        found = hashing.transform(values)
        return found[:, np.unique(found.indices)] if found.nnz else found
    given = np.array(values, np.float64)
    gaps = ~np.isfinite(given)
    filled = np.where(gaps, 0.0, given)
    for column in np.flatnonzero(gaps.any(axis=0)).tolist():
        known = given[~gaps[:, column], column]
        filled[gaps[:, column], column] = np.median(known) if len(known) else 0.0
    return np.hstack([filled, gaps[:, gaps.any(axis=0)]])


def model(kind: Kind, seed: int) -> Any:
    """An unfitted model."""
    if kind == "text":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=10.0, max_iter=60, tol=1e-3)
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(TREES, min_samples_leaf=3, random_state=seed, n_jobs=1)


def chances(fitted: Any, inputs: Any, classes: int) -> Floats:
    """The probability of each class, shape (rows, classes); none for classes that the fit has not seen."""
    import numpy as np

    found = np.zeros((inputs.shape[0], classes))
    found[:, fitted.classes_] = fitted.predict_proba(inputs)
    return found


def held_out(kind: Kind, inputs: Any, labels: Ints, folds: Ints, seed: int) -> Floats:
    """Of each row the probabilities that the other folds give it."""
    import numpy as np

    classes = int(labels.max()) + 1
    found = np.full((len(labels), classes), 1 / classes)
    for fold in range(FOLDS):
        fit, held = folds != fold, folds == fold
        if held.any() and len(np.unique(labels[fit])) > 1:
            found[held] = chances(model(kind, seed).fit(inputs[fit], labels[fit]), inputs[held], classes)
    return found


def balanced(labels: Ints, guesses: Ints, classes: int) -> float:
    """Balanced accuracy: the mean over classes of the share told right."""
    import numpy as np

    sizes = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[labels == guesses], minlength=classes)
    return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))


def doubtful(labels: Ints, probabilities: Floats) -> NDArray[np.bool_]:
    """Which labels are probably wrong, by confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125).

    Of each pair of classes as many rows as the joint distribution of given and true labels says are
    confused, those whose own class is the least probable first.
    """
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtraError(
            "label errors need an extra", why=str(error), hint="pip install 'dataset-release-registry[quality]'"
        ) from error
    found: NDArray[np.bool_] = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1)
    return found

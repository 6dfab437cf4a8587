"""What of scikit-learn's conventions the estimators keep, and what does not apply to them."""

import numpy as np
from numpy.typing import ArrayLike

_ONE_CLUSTER = "asks for n_clusters=1; a clustering has two clusters or more, and fewer are refused in a sentence"
_OF_CLASSIFIERS = (
    "reads the tags of classifiers of whatever has predict_proba, and clusterers have none; sparse X is taken"
)
NOT_APPLICABLE = {
    "check_dont_overwrite_parameters": _ONE_CLUSTER,
    "check_methods_subset_invariance": _ONE_CLUSTER,
    "check_fit2d_predict1d": _ONE_CLUSTER,
    "check_estimator_sparse_array": _OF_CLASSIFIERS,
    "check_estimator_sparse_matrix": _OF_CLASSIFIERS,
}
"""Checks of `sklearn.utils.estimator_checks` that do not apply to the methods on tables, with the reason."""
_FEW = "fits on fewer samples than the smallest batch of DMID-UIC, 16; that is refused in a sentence"
NOT_APPLICABLE_TO_DMID_UIC = {"check_n_features_in_after_fitting": _FEW, "check_estimators_nan_inf": _FEW}
"""Further ones for this method."""


def check_names(given: ArrayLike | None, n_features: int, fitted: np.ndarray | None) -> None:
    """Refuse names of columns that are not those of the samples an estimator was fitted on.

    Args:
        given: names, or None for those of the fit.
        n_features: columns of the fit.
        fitted: (n_features,) names of the fit, where it had any.

    Raises:
        ValueError: another number of names, or other names.
    """
    if given is None:
        return
    names = np.asarray(given, dtype=object)
    if len(names) != n_features:
        raise ValueError(
            f"input_features should have length equal to number of features ({n_features}), got {len(names)}"
        )
    if fitted is not None and not np.array_equal(fitted, names):
        raise ValueError("input_features is not equal to feature_names_in_; give the names X had in fit, or None")

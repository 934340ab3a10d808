"""Results as other packages have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from . import errors

if TYPE_CHECKING:
    from .explanation import Explanation
    from .parts import Array


def _unit_rows(x: Explanation, token_attr: Optional[Array]) -> Array:
    """[units, response tokens]: measured, or each unit's attribution shared equally."""
    shape = len(x.units), len(x.response_tokens)
    if token_attr is not None:
        rows = np.asarray(token_attr, dtype=np.float64)
        if rows.shape != shape:
            raise errors.UsageError(
                f"`token_attr` {rows.shape}: a row a unit and a column a response token are needed, {shape}"
            )
        return rows
    shared: Array = np.repeat((x.attribution / max(shape[1], 1))[:, None], shape[1], axis=1)
    return shared


def inseq_dictionary(x: Explanation, token_attr: Optional[Array]) -> dict[str, Any]:
    """The members of Inseq's FeatureAttributionSequenceOutput. What the model has itself written before a token has no
    attribution here, and is NaN, as is the template."""
    rows = _unit_rows(x, token_attr)
    prompt, response = x.tokens, x.response_tokens
    matrix = np.full((len(prompt) + len(response), len(response)), np.nan)
    for i, token in enumerate(prompt):
        if token.unit is not None:
            matrix[i] = rows[token.unit]
    words = [{"token": t.text, "id": t.id} for t in prompt] + [{"token": t.text, "id": t.id} for t in response]
    probabilities = [float("nan") if t.log_prob is None else float(np.exp(t.log_prob)) for t in response]
    return {
        "source": words[: len(prompt)],
        "target": words,
        "source_attributions": None,
        "target_attributions": matrix.tolist(),
        "step_scores": {"probability": probabilities},
        "sequence_scores": {},
        "attr_pos_start": len(prompt),
        "attr_pos_end": len(words),
    }

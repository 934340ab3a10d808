"""Captum's attribution of a language model by leaving out, beside a session's, on the same model and words."""

import jopa
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("captum")
import random_models  # noqa: E402
from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput  # noqa: E402

PROMPT, TARGET = "the doctor met the patient", " after surgery"


def test_the_same_arrays(tokenizer):
    model = random_models.make("llama", len(tokenizer))
    baseline = tokenizer(" the").input_ids[0]
    theirs = LLMAttribution(FeatureAblation(model), tokenizer).attribute(
        TextTokenInput(PROMPT, tokenizer, baselines=baseline), target=TARGET, use_cached_outputs=False
    )
    with jopa.Model.from_transformers(model, tokenizer) as m:
        with m.session(PROMPT, response=TARGET, operator="token: the", raw=True) as s:
            matrix, x = s.matrix(), s.explain(method="ablation", metrics="none")
    ours = x.to_captum(matrix)
    assert len(ours.output_tokens) == theirs.token_attr.shape[0]
    assert ours.token_attr == pytest.approx(theirs.token_attr.numpy(), abs=1e-3)
    assert ours.token_attr.sum(axis=0) == pytest.approx(theirs.seq_attr.numpy(), abs=1e-3)
    assert ours.seq_attr == pytest.approx(theirs.seq_attr.numpy(), abs=1e-3)
    assert np.abs(ours.token_attr).max() > 0.1

"""Tokenizers: what their tokens are as bytes, joined, is the text."""

import random

import jopa
import pytest

pytest.importorskip("transformers")
from jopa.tokens import Tokens, kind_of  # noqa: E402
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

LETTERS = "abcdefghijklmnopqrstuvwxyz.,"


def metaspace():
    """As SentencePiece's: spaces are U+2581, unknown characters bytes, a BOS in front."""
    vocabulary = {"<s>": 0, "</s>": 1, "<unk>": 2, **{f"<0x{b:02X}>": 3 + b for b in range(256)}}
    for word in ("\u2581", "\u2581the", "\u2581doctor", *LETTERS):
        vocabulary[word] = len(vocabulary)
    merges = [("\u2581", "t"), ("\u2581t", "h"), ("\u2581th", "e")]
    for a, b in merges:
        vocabulary.setdefault(a + b, len(vocabulary))
    made = Tokenizer(models.BPE(vocabulary, merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def byte_level():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {c: i for i, c in enumerate([*alphabet, "<|end|>"])}
    made = Tokenizer(models.BPE(vocabulary, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>")


def wordpiece():
    words = ["[UNK]", "[CLS]", "[SEP]", "doctor", "the", "##s", *LETTERS, *("##" + c for c in LETTERS)]
    made = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Whitespace(), decoders.WordPiece()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def text_of(rng, alphabet):
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 30)))


@pytest.mark.parametrize("seed", range(6))
def test_pieces_are_the_text(tokenizer, seed):
    rng = random.Random(seed)
    text = text_of(rng, "the doctor aé中🙂ß\n\t,")
    for made, kind in ((tokenizer, "bytes"), (byte_level(), "bytes"), (metaspace(), "metaspace")):
        tokens = Tokens(made)
        assert kind_of(made) == kind
        joined = b"".join(tokens.piece(i, False) for i in tokens.encode(text, False)).decode()
        assert joined in (text, " " + text)
    plain = text_of(rng, "the doctor ").strip() or "a"
    tokens = Tokens(wordpiece())
    joined = b"".join(tokens.piece(i, False) for i in tokens.encode(plain, False)).decode()
    assert joined.split() == plain.split()


def test_special_tokens():
    tokens = Tokens(metaspace())
    assert tokens.beginning == [0] and tokens.encode("the", True)[0] == 0 and tokens.encode("the", False)[0] != 0
    assert tokens.encode("<s>the", True).count(0) == 1  # it is in the text already
    assert 1 in tokens.encode("a</s>", True) and 1 not in tokens.encode("a</s>", False)
    assert tokens.piece(1, True) == b"</s>" and tokens.piece(1, False) == b""
    assert tokens.piece(10**6, True) == b"" and tokens.piece(-1, True) == b"" and not tokens.has_template
    assert Tokens(byte_level()).beginning == [len(pre_tokenizers.ByteLevel.alphabet())]
    assert Tokens(wordpiece()).beginning == []


def test_a_prompt_of_nothing_without_a_beginning():
    """The first token is as likely as any other, the others follow from what stands before them."""
    import numpy as np
    import random_models
    import torch
    from jopa.engine import Score
    from jopa.pytorch import TransformersEngine

    network = random_models.make("llama", 512)
    engine = TransformersEngine(network, wordpiece())
    response = np.array([4, 9, 7], np.int32)
    with torch.no_grad():
        table = network(input_ids=torch.tensor([[4, 9]])).logits[0].log_softmax(-1)
    want = np.array([-np.log(512), float(table[0, 9]), float(table[1, 7])])
    nothing, some = np.zeros(0, np.int32), np.array([5, 6], np.int32)
    made = {}
    for rows, values, _ in engine.score(Score([some, nothing, nothing], response, 0, 3, True)):
        made.update(zip(rows, values))
    assert np.abs(made[1] - want).max() < 1e-4 and np.abs(made[2] - want).max() < 1e-4
    assert np.abs(engine.next(nothing, response)[[0, 1, 2], response] - want).max() < 1e-4
    ((rows, values, _),) = engine.score(Score([nothing], response, 0, 1, True))
    assert values[0, 0] == pytest.approx(-np.log(512)) and engine.generate(nothing, 3, lambda fraction: False) == []


def test_an_unknown_kind():
    """By the tokenizer's own decode."""
    made = wordpiece()
    made.backend_tokenizer.decoder = decoders.Fuse()
    assert kind_of(made) == "text" and Tokens(made).piece(3, False).strip() == b"doctor"


def test_prompts_through_them():
    import random_models

    for made in (metaspace(), byte_level(), wordpiece()):
        m = jopa.Model.from_transformers(random_models.make("llama", 512), made)
        x = m.explain(
            "the doctor saw the cat", response=" the cat", unit="word", k=1, metrics="none", method="ablation"
        )
        assert [u.text for u in x.units] == "the doctor saw the cat".split()


def test_templates(tokenizer):
    import copy

    import random_models

    mine = copy.deepcopy(tokenizer)
    mine.chat_template = (
        "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
        "<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    m = jopa.Model.from_transformers(random_models.make("llama", len(tokenizer)), mine)
    kw = {"response": " a", "unit": "word", "k": 1, "metrics": "none", "method": "ablation"}
    assert m.explain("the doctor", **kw).prompt == "<user>the doctor<assistant>"
    with pytest.raises(jopa.InputError, match="no tools here"):
        m.explain([{"role": "tool", "content": "x y"}], **kw)
    mine.chat_template = None
    m = jopa.Model.from_transformers(random_models.make("llama", len(tokenizer)), mine)
    assert "template" not in m.capabilities and m.explain("the doctor", **kw).prompt == "the doctor"
    with pytest.raises(jopa.JopaError, match="template"):
        m.explain([{"role": "user", "content": "the doctor"}], **kw)

"""Tiny random models of several architectures, from their configurations. Weights are large, so that a difference that
should be there is seen."""

import torch
import transformers as t

NAMES = ("llama", "gpt2", "gemma3", "qwen3", "phi3", "mamba")


def make(name, vocabulary, window=None):
    torch.manual_seed(1)
    size = {"vocab_size": vocabulary, "hidden_size": 32, "num_hidden_layers": 2, "initializer_range": 0.2}
    heads = {
        "intermediate_size": 48,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
    }
    made = {
        "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**size, **heads)),
        "gpt2": lambda: t.GPT2LMHeadModel(
            t.GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=4, n_positions=256, initializer_range=0.2)
        ),
        "gemma3": lambda: t.Gemma3ForCausalLM(
            t.Gemma3TextConfig(
                **size,
                **heads,
                head_dim=8,
                sliding_window=window or 16,
                layer_types=["sliding_attention", "full_attention"],
            )
        ),
        "qwen3": lambda: t.Qwen3ForCausalLM(t.Qwen3Config(**size, **heads, head_dim=8)),
        "phi3": lambda: t.Phi3ForCausalLM(t.Phi3Config(**size, **heads, pad_token_id=0)),
        "mamba": lambda: t.MambaForCausalLM(t.MambaConfig(**size, state_size=8)),
    }[name]()
    return made.eval()

